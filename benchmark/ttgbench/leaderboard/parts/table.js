// The table of methods: fetches rows, filters and sorts them here, shows a window of them. Every value is set as text.
const PAGE = 100;
// Made once: toLocaleString and localeCompare make a new one for each of thousands of values.
const formats = {};
const fixed = (digits) => formats[digits] ||= new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const alphabet = new Intl.Collator();
const state = { rows: [], columns: [], shown: PAGE, sort: "place", down: false, part: {}, wanted: 0, chosen: null, usual: [], last: 1 };
// Shown when asked for: what most readers do not look for first.
const MORE = new Set(["holds_50", "spend_50", "spend_90", "search_dollars", "flops", "dollars", "seconds"]);

const make = (tag, props = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) key in node ? (node[key] = value) : node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null));
  return node;
};

// A cell is a text, a number, nothing, or [estimate, low, high]; columns come with the rows, see table.py.
const first = (value) => Array.isArray(value) ? value[0] : value;
const written = (value, column) => typeof value !== "number" ? (value === null || value === "" ? "–" : value)
  : column.exponent ? value.toExponential(column.digits - 1) : fixed(column.digits).format(value);
const number = (value, column) => {
  const spread = Array.isArray(value) ? `${written(value[1], column)} to ${written(value[2], column)}` : "";
  return make("td", { className: "num" }, written(first(value), column), make("small", {}, spread));
};
const bar = (value, column) => {
  if (first(value) === null) return make("td", { className: "num" }, "–");
  const at = (x) => `${100 * (Math.min(1, Math.max(state.floor, x)) - state.floor) / (1 - state.floor)}%`;
  const scale = make("span", { className: "bar", ariaHidden: "true" });
  const zero = make("u");
  zero.style.left = at(0);
  scale.append(zero);
  if (Array.isArray(value)) {
    const line = make("i");
    line.style.left = at(value[1]);
    line.style.width = `${parseFloat(at(value[2])) - parseFloat(at(value[1]))}%`;
    scale.append(line);
  }
  const dot = make("b");
  dot.style.left = at(first(value));
  scale.append(dot);
  const spread = Array.isArray(value) ? `${written(value[1], column)} to ${written(value[2], column)}` : "";
  return make("td", { className: "score" }, make("span", { className: "value" }, written(first(value), column)), scale, make("small", {}, spread));
};

// The ranks that the data leave open, on a line from the first to the last.
const ranks = ([best, worst]) => {
  if (best === null) return null;
  const line = make("i");
  line.style.left = `${100 * (best - 1) / state.last}%`;
  line.style.width = `${100 * (worst - best + 1) / state.last}%`;
  return make("span", { className: "ranks", ariaHidden: "true" }, line);
};

const SPECIAL = {
  rank: { sort: "place", sticky: 1, cell: (row) => make("td", { className: "num sticky rank" }, row.rank || "–", ranks(row.ranks)) },
  method: { sticky: 2, cell: (row) => {
    const query = new URLSearchParams({ tab: "run", suite: state.part.suite, run: row.run });
    const link = make("a", { href: `?${query}`, target: "_self" }, row.method);
    return make("th", { scope: "row", className: "sticky method" }, link, make("small", {}, row.note || `version ${row.version}`));
  } },
  ties: { cell: (row) => make("td", { className: "ties" }, row.ties || "–") },
};
// What the page shows besides the measures.
const OWN = [
  { key: "badge", head: "Badge", title: "Self-reported, replayed by the maintainers, or run again", cell: (row) => make("td", {}, make("span", { className: `badge ${row.badge === "re-run" ? "rerun" : row.badge === "replay-verified" ? "replayed" : ""}` }, row.badge)) },
  { key: "agent", head: "LLM", title: "Whether the search itself asks a language model", cell: (row) => make("td", {}, row.agent ? "yes" : "no") },
];
const columnsOf = (heads) => {
  const all = heads.map((column) => ({ sort: column.key, down: column.high,
    cell: (row) => (column.score ? bar : number)(row[column.key], column), ...column, ...SPECIAL[column.key] }));
  const accuracy = all.findIndex((column) => column.key === "accuracy");
  if (accuracy >= 0) all.splice(all.findIndex((column) => column.key === "ties"), 0, ...all.splice(accuracy, 1));
  const after = all.findIndex((column) => column.key === "ties") + 1;
  return [...all.slice(0, after), ...OWN.map((column) => ({ sort: column.key, ...column })), ...all.slice(after)];
};
const said = (column) => !state.rows.length || state.rows.some((row) => ![null, ""].includes(first(row[column.key])));
const usual = () => state.columns.filter((column) => column.sticky || (!MORE.has(column.key) && said(column))).map((column) => column.key);
const shownColumns = () => {
  const keys = new Set(state.chosen || state.usual);
  return state.columns.filter((column) => column.sticky || keys.has(column.key));
};

const controls = () => ({ q: element.querySelector(".q"), badge: element.querySelector(".f-badge"), llm: element.querySelector(".f-llm") });

const visible = () => {
  const { q, badge, llm } = controls();
  const text = q.value.trim().toLowerCase();
  const rows = state.rows.filter((row) => (!text || row.method.toLowerCase().includes(text))
    && (!badge.value || row.badge === badge.value || (badge.value === "verified" && row.badge !== "self-reported"))
    && (!llm.value || row.agent === (llm.value === "yes")));
  const column = state.sort, sign = state.down ? -1 : 1;
  if (column === "place" && !state.down) return rows;
  return rows.sort((one, other) => {
    const a = first(one[column]), b = first(other[column]);
    const noA = a === null || a === "", noB = b === null || b === "";
    if (noA || noB) return noA - noB || one.place - other.place;
    if (typeof a !== typeof b) return (typeof a === "string") - (typeof b === "string");  // "never" after all numbers
    return sign * (typeof a === "string" ? alphabet.compare(a, b) : a - b) || one.place - other.place;
  });
};

const draw = () => {
  const rows = visible();
  const columns = shownColumns();
  const head = make("tr", {}, ...columns.map((column) => {
    const sorted = column.sort === state.sort ? (state.down ? "descending" : "ascending") : "none";
    const button = make("button", { type: "button", title: column.title }, column.head);
    button.onclick = () => {
      state.down = column.sort === state.sort ? !state.down : Boolean(column.down);
      state.sort = column.sort;
      follow();
      element.querySelector(`th[data-key="${column.key}"] button`).focus();
    };
    const th = make("th", { scope: "col", ariaSort: sorted, className: column.sticky ? `sticky ${column.sticky === 1 ? "rank" : "method"}` : "" }, button);
    th.dataset.key = column.key;
    return th;
  }));
  const body = make("tbody", {}, ...rows.slice(0, state.shown).map((row) => make("tr", {}, ...columns.map((column) => column.cell(row)))));
  const caption = make("caption", { className: "sr" }, "Methods");
  const more = rows.length > state.shown ? make("button", { type: "button", className: "more" }, `Show more (${(rows.length - state.shown).toLocaleString("en")} left)`) : null;
  if (more) more.onclick = () => { state.shown += 5 * PAGE; draw(); };
  const scroll = element.querySelector(".scroll");
  const left = scroll.scrollLeft;
  scroll.replaceChildren(make("table", {}, caption, make("thead", {}, head), body));
  scroll.scrollLeft = left;
  edges();
  element.querySelector(".after").replaceChildren(...(more ? [more] : []));
  element.querySelector(".count").textContent = rows.length === state.rows.length
    ? `${rows.length.toLocaleString("en")} ${rows.length === 1 ? "run" : "runs"}`
    : `${rows.length.toLocaleString("en")} of ${state.rows.length.toLocaleString("en")} runs`;
  return rows;
};

// A shadow where columns go on beyond the edge.
const edges = () => {
  const scroll = element.querySelector(".scroll");
  scroll.classList.toggle("goes-on", scroll.scrollLeft + scroll.clientWidth < scroll.scrollWidth - 2);
};

const follow = () => {
  const { q, badge, llm } = controls();
  const sort = state.sort === "place" && !state.down ? "" : `${state.down ? "-" : ""}${state.sort}`;
  window.ttgUrl("methods", ["q", "badge", "llm", "sort", "cols"], [q.value, badge.value, llm.value, sort, (state.chosen || []).join(",")]);
  state.shown = PAGE;
  draw();
};

const download = async (format, extension) => {
  const text = await server.export({ ...state.part, format, runs: visible().map((row) => row.run) });
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/plain" })), download: `${state.part.suite}.${extension}` });
  link.click();
  URL.revokeObjectURL(link.href);
};

const choice = (name, label, options) => {
  const select = make("select", { className: name, ariaLabel: label }, ...options.map(([value, text]) => make("option", { value }, text)));
  select.onchange = follow;
  return select;
};

// Which columns are shown; the first two always are.
const chooser = () => {
  const shown = new Set(shownColumns());
  const boxes = state.columns.filter((column) => !column.sticky).map((column) => {
    const box = make("input", { type: "checkbox", value: column.key, checked: shown.has(column) });
    box.onchange = () => {
      state.chosen = boxes.map((label) => label.firstChild).filter((each) => each.checked).map((each) => each.value);
      follow();
    };
    return make("label", { title: column.title || "" }, box, column.head);
  });
  const panel = make("details", { className: "columns" }, make("summary", {}, "Columns"), make("div", {}, ...boxes));
  panel.onkeydown = (event) => { if (event.key === "Escape") { panel.open = false; panel.firstChild.focus(); } };
  return panel;
};

const build = () => {
  const query = new URLSearchParams(location.search);
  const old = element.querySelector(".q") ? controls() : null;
  const kept = old ? { q: old.q.value, badge: old.badge.value, llm: old.llm.value } : { q: query.get("q") || "", badge: query.get("badge") || "", llm: query.get("llm") || "" };
  const q = make("input", { type: "search", className: "q", placeholder: "Search methods", ariaLabel: "Search methods", value: kept.q });
  q.oninput = follow;
  const badge = choice("f-badge", "Badge", [["", "Any badge"], ["verified", "Verified"], ["replay-verified", "Replay-verified"], ["re-run", "Re-run"], ["self-reported", "Self-reported"]]);
  const llm = choice("f-llm", "Search needs a language model", [["", "With or without LLM"], ["yes", "Search asks an LLM"], ["no", "Search asks no LLM"]]);
  badge.value = kept.badge;
  llm.value = kept.llm;
  const files = [["CSV", "csv"], ["JSON", "json"], ["LaTeX", "tex"]].map(([name, extension]) => {
    const button = make("button", { type: "button", className: "file", title: `Download these rows as ${name}` }, name);
    button.onclick = () => download(name.toLowerCase(), extension);
    return button;
  });
  const bar = make("div", { className: "bar-of-tools" }, q, badge, llm, make("span", { className: "count", role: "status" }), make("span", { className: "files" }, chooser(), ...files));
  const scroll = make("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Methods" });
  scroll.onscroll = edges;
  element.querySelector(".ttg-table").replaceChildren(bar, scroll, make("div", { className: "after" }));
};

// gzip in base64, see table.py
const unpacked = (text) => new Response(new Blob([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))])
  .stream().pipeThrough(new DecompressionStream("gzip"))).json();

// What a link asks for besides the filters, once.
const fromLink = () => {
  const query = new URLSearchParams(location.search);
  const known = new Set(state.columns.map((column) => column.key));
  const columns = (query.get("cols") || "").split(",").filter((key) => known.has(key));
  if (columns.length) state.chosen = columns;
  const sort = query.get("sort") || "";
  const by = sort.replace(/^-/, "");
  if (by === "place" || state.columns.some((column) => column.sort === by)) [state.sort, state.down] = [by, sort.startsWith("-")];
};

const fill = async () => {
  if (!props.value) return;
  const mine = ++state.wanted;
  const part = typeof props.value === "string" ? JSON.parse(props.value) : props.value;
  const answer = await unpacked(await server.rows(part));
  if (mine !== state.wanted) return;
  state.part = part;
  state.columns = columnsOf(answer.columns);
  state.rows = answer.rows;
  state.usual = usual();  // looks at every row
  // Bars begin at the lowest score shown, no lower than -1: beyond that a row is as bad as any.
  state.floor = Math.max(-1, answer.rows.reduce((least, row) => Math.min(least, row.score?.[1] ?? first(row.score) ?? 0), 0));
  state.last = answer.rows.reduce((last, row) => Math.max(last, row.ranks[1] || 1), 1);
  state.shown = PAGE;
  if (mine === 1) fromLink();
  build();
  draw();
  document.dispatchEvent(new Event("ttg-rows"));  // what is below the table may follow now
};

watch("value", fill);
fill();

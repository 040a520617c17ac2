// The table of methods: fetches rows, filters and sorts them here, shows a window of them. Every value is set as text.
const PAGE = 100;
// Made once: toLocaleString and localeCompare make a new one for each of thousands of values.
const THREE_PLACES = new Intl.NumberFormat("en", { minimumFractionDigits: 3, maximumFractionDigits: 3 });
const THREE_FIGURES = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const alphabet = new Intl.Collator();
const digits = (value) => value === null ? "–" : THREE_PLACES.format(value);
const figures = (value) => value === null ? "–" : THREE_FIGURES.format(Number(value.toPrecision(3)));
const state = { rows: [], shown: PAGE, sort: "place", down: false, normalised: true, part: {}, wanted: 0, floor: 0 };

const make = (tag, props = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) key in node ? (node[key] = value) : node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null));
  return node;
};

const interval = (row) => {
  if (row.score === null) return make("td", { className: "num" }, "–");
  const place = (value) => 100 * (Math.min(1, Math.max(state.floor, value)) - state.floor) / (1 - state.floor);
  const at = (value) => `${place(value)}%`;
  const bar = make("span", { className: "bar", ariaHidden: "true" });
  if (state.floor < 0) {
    const zero = make("u");
    zero.style.left = at(0);
    bar.append(zero);
  }
  if (row.low !== null) {
    const line = make("i");
    line.style.left = at(row.low);
    line.style.width = `${place(row.high) - place(row.low)}%`;
    bar.append(line);
  }
  const dot = make("b");
  dot.style.left = at(row.score);
  bar.append(dot);
  const spread = row.low === null ? "" : `${digits(row.low)} to ${digits(row.high)}`;
  return make("td", { className: "score" }, make("span", { className: "value" }, digits(row.score)), bar, make("small", {}, spread));
};

const spend = (value, hits) => make("td", { className: "num" }, value === null ? "–" : figures(value),
  make("small", {}, hits === null ? "" : `${Math.round(100 * hits)}%`));
const number = (text) => make("td", { className: "num" }, text);

const COLUMNS = [
  { key: "place", head: "Rank", title: "Ranks that the data leave open, at 95% for all methods at once", sticky: 1,
    cell: (row) => make("td", { className: "num sticky rank" }, row.rank || "–") },
  { key: "method", head: "Method", title: "Name; opens the run", sticky: 2, cell: (row) => {
    const query = new URLSearchParams({ tab: "run", suite: state.part.suite, run: row.run });
    const link = make("a", { href: `?${query}`, target: "_self" }, row.method);
    return make("th", { scope: "row", className: "sticky method" }, link, make("small", {}, row.note || `version ${row.version}`));
  } },
  { key: "score", head: "Score", title: "Mean over problems and seeds: 0 is the best single model, 1 the best graph known; 95% interval", cell: interval, down: true },
  { key: "ties", head: "Ties", title: "Methods that share a letter cannot be told apart", cell: (row) => make("td", { className: "ties" }, row.ties || "–") },
  { key: "badge", head: "Badge", title: "Self-reported, replayed by the maintainers, or run again", cell: (row) => make("td", {}, make("span", { className: `badge ${row.badge === "re-run" ? "rerun" : row.badge === "replay-verified" ? "replayed" : ""}` }, row.badge)) },
  { key: "agent", head: "LLM", title: "Whether the search itself asks a language model", cell: (row) => make("td", {}, row.agent ? "yes" : "no") },
  { key: "spend50", head: "Spend to 50%", title: "Expected search spend, in full evaluations, until the score is 0.5; share of runs that got there", cell: (row) => spend(row.spend50, row.hits50), anchored: true },
  { key: "spend90", head: "Spend to 90%", title: "The same for a score of 0.9", cell: (row) => spend(row.spend90, row.hits90), anchored: true },
  { key: "units", head: "Units", title: "Nominal cost of one query; 1 is the smallest model answering alone", cell: (row) => number(figures(row.units)) },
  { key: "gflops", head: "GFLOPs", title: "Measured, per query", cell: (row) => number(figures(row.gflops)) },
  { key: "dollars", head: "$ / 1,000", title: "Measured, per thousand queries", cell: (row) => number(figures(row.dollars)) },
  { key: "seconds", head: "Latency, s", title: "Critical path at the models' standard speeds, per query", cell: (row) => number(figures(row.seconds)) },
  { key: "search", head: "Search spend", title: "Mean spend of one run, in full evaluations", cell: (row) => number(figures(row.search)) },
  { key: "accuracy", head: "Accuracy", title: "Mean accuracy on the test questions", cell: (row) => number(digits(row.accuracy)), down: true },
  { key: "seeds", head: "Seeds", title: "Runs per problem", cell: (row) => number(String(row.seeds)) },
];

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
    const a = one[column], b = other[column];
    const noA = a === null || a === "", noB = b === null || b === "";
    if (noA || noB) return noA - noB || one.place - other.place;
    return sign * (typeof a === "string" ? alphabet.compare(a, b) : a - b) || one.place - other.place;
  });
};

const draw = () => {
  const rows = visible();
  const columns = COLUMNS.filter((column) => state.normalised || !column.anchored);
  const head = make("tr", {}, ...columns.map((column) => {
    const sorted = column.key === state.sort ? (state.down ? "descending" : "ascending") : "none";
    const button = make("button", { type: "button", title: column.title }, column.head);
    button.onclick = () => {
      state.down = column.key === state.sort ? !state.down : Boolean(column.down);
      state.sort = column.key;
      state.shown = PAGE;
      draw();
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
  element.querySelector(".after").replaceChildren(...(more ? [more] : []));
  element.querySelector(".count").textContent = rows.length === state.rows.length
    ? `${rows.length.toLocaleString("en")} ${rows.length === 1 ? "run" : "runs"}`
    : `${rows.length.toLocaleString("en")} of ${state.rows.length.toLocaleString("en")} runs`;
  return rows;
};

const follow = () => {
  const { q, badge, llm } = controls();
  window.ttgUrl("methods", ["q", "badge", "llm"], [q.value, badge.value, llm.value]);
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
  const bar = make("div", { className: "bar-of-tools" }, q, badge, llm, make("span", { className: "count", role: "status" }), make("span", { className: "files" }, ...files));
  const scroll = make("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Methods" });
  element.querySelector(".ttg-table").replaceChildren(bar, scroll, make("div", { className: "after" }));
};

// gzip in base64, see table.py
const unpacked = (text) => new Response(new Blob([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))])
  .stream().pipeThrough(new DecompressionStream("gzip"))).json();

const fill = async () => {
  if (!props.value) return;
  const mine = ++state.wanted;
  const part = typeof props.value === "string" ? JSON.parse(props.value) : props.value;
  const answer = await unpacked(await server.rows(part));
  if (mine !== state.wanted) return;
  state.part = part;
  state.normalised = answer.normalised;
  state.rows = answer.rows;
  // Bars begin at the lowest score shown, no lower than -1: beyond that a row is as bad as any.
  state.floor = Math.max(-1, answer.rows.reduce((least, row) => Math.min(least, row.low ?? row.score ?? 0), 0));
  state.shown = PAGE;
  build();
  draw();
};

watch("value", fill);
fill();

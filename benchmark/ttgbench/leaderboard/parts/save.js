// Saves what a plot shows: as SVG or PNG on white, for paper and slides, or its points as CSV.
(() => {
  const save = (href, name) => {
    const link = document.createElement("a");
    link.href = href;
    link.download = name;
    link.click();
  };
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const plain = (text) => new DOMParser().parseFromString(String(text), "text/html").body.textContent;
  const bound = (error, side, index) => error && error[side] ? error[side][index] : null;
  // One line per point; a heat map's are its fields. Bands, which repeat bounds, have no name and are left out.
  const points = (data) => {
    const lines = [["series", "label", "x", "y", "value", "x_minus", "x_plus", "y_minus", "y_plus"]];
    for (const trace of data) {
      const series = plain(trace.name || "");
      if (trace.z) trace.z.forEach((row, i) => row.forEach((z, j) => lines.push([series, "", plain(trace.x[j]), plain(trace.y[i]), z, null, null, null, null])));
      else if (trace.hoverinfo !== "skip" || trace.name) trace.x.forEach((x, i) => lines.push([series, Array.isArray(trace.text) ? plain(trace.text[i]) : "", plain(x), plain(trace.y[i]), null,
        bound(trace.error_x, "arrayminus", i), bound(trace.error_x, "array", i), bound(trace.error_y, "arrayminus", i), bound(trace.error_y, "array", i)]));
    }
    return lines.map((line) => line.map(cell).join(",")).join("\n") + "\n";
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest && event.target.closest("button[data-plot]");
    if (!button) return;
    const plot = document.querySelector(`#${CSS.escape(button.dataset.plot)} .js-plotly-plot`);
    if (!plot || !plot.data) return;
    const { kind, name } = button.dataset;
    if (kind === "csv") {
      const href = URL.createObjectURL(new Blob([points(plot.data)], { type: "text/csv" }));
      save(href, `${name}.csv`);
      URL.revokeObjectURL(href);
      return;
    }
    const size = { width: plot.clientWidth, height: plot.clientHeight };
    const layout = { ...plot.layout, ...size, paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff" };
    save(await window.Plotly.toImage({ data: plot.data, layout }, { format: kind, ...size, scale: kind === "png" ? 2 : 1 }), `${name}.${kind}`);
  });
})();

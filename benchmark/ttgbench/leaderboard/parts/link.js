// Keeps the address in step with what is chosen, so that it can be copied; on a Space also the outer page's address.
window.ttgUrl = (tab, names, values) => {
  if (!window.ttgReady) return; // what the link asks for is still on its way
  const now = new URLSearchParams(location.search);
  const kept = new URLSearchParams();
  if (now.has("__theme")) kept.set("__theme", now.get("__theme"));
  if ((now.get("tab") || "methods") === tab) for (const [key, value] of now) kept.set(key, value);
  kept.set("tab", tab);
  names.forEach((name, index) => {
    const value = values[index];
    if (value === null || value === undefined) return;
    const text = Array.isArray(value) ? value.join(",") : String(value);
    if (text) kept.set(name, text);
    else kept.delete(name);
  });
  history.replaceState(null, "", "?" + kept);
  if (window.parent !== window) window.parent.postMessage({ queryString: kept.toString() }, "https://huggingface.co");
};

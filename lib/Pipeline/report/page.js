const report = JSON.parse(document.getElementById("report").textContent);
const content = document.getElementById("content");

// Elements are made of text only: names in a model are data, never markup.
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) element.append(child);
  return element;
}

// ---- Numbers and names ---------------------------------------------------------------

function scaled(value, units, step) {
  let unit = 0;
  while (Math.abs(value) >= step && unit + 1 < units.length) {
    value /= step;
    ++unit;
  }
  const digits = unit === 0 && Number.isInteger(value) ? 0 : value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
const bytes = (value) => scaled(value, ["B", "kB", "MB", "GB", "TB"], 1000);
const flops = (value) => scaled(value, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"], 1000);
const micros = (value) => scaled(value, ["\u00b5s", "ms", "s"], 1000);
const millis = (value) => micros(value * 1000);
const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
const sum = (list, get) => list.reduce((total, entry) => total + get(entry), 0);
const kindName = (kind) => kind.replace(/_/g, "-");

// 0-3, 5; every second one as 0, 2, ..., 14.
function ranges(numbers) {
  const list = numbers.slice().sort((a, b) => a - b);
  const step = list.length > 3 ? list[1] - list[0] : 1;
  if (step > 1 && list.every((n, i) => n === list[0] + i * step))
    return `${list[0]}, ${list[1]}, \u2026, ${list[list.length - 1]}`;
  const parts = [];
  for (let i = 0; i < list.length; ++i) {
    let j = i;
    while (j + 1 < list.length && list[j + 1] === list[j] + 1) ++j;
    parts.push(j > i ? `${list[i]}\u2013${list[j]}` : `${list[i]}`);
    i = j;
  }
  return parts.join(", ");
}
const layersName = (layers) => (layers.length === 1 ? `layer ${layers[0]}` : `layers ${ranges(layers)}`);

// ---- Layouts -------------------------------------------------------------------------

// `[{}, {"tp":(1)4, units = 8}], partial = sum{"tp"}`, as #tp.layout prints.
function parseLayout(text) {
  const [dimensions, partial] = (text || "[]").split("], partial = ");
  const dims = (dimensions.match(/\{[^}]*\}/g) || []).map(parseAxes);
  return { dims, partial: partial ? parseAxes(partial) : [], kind: partial ? partial.split("{")[0] : "" };
}
function parseAxes(text) {
  return [...text.matchAll(/"([^"]*)"(?::\((\d+)\)(\d+))?/g)].map(([, name, , size]) => ({
    name,
    part: size !== undefined,
    ways: size !== undefined ? Number(size) : (report.mesh || {})[name] || 1,
  }));
}
const waysOf = (axes) => axes.reduce((product, axis) => product * axis.ways, 1);
const axesName = (axes) => axes.map((axis) => axis.name + (axis.part ? ` (${axis.ways} parts)` : "")).join(" \u00d7 ");

// What a layout is drawn as: the same roles have the same look. Names of splits count
// from the last dimension where that is the one: features of activations and weights.
const looks = new Map();
function lookOf(text) {
  if (looks.has(text)) return looks.get(text);
  const { dims, partial, kind } = parseLayout(text);
  const roles = [];
  dims.forEach((axes, i) => {
    if (axes.length) roles.push({ key: `${i}/${dims.length}:${axesName(axes)}`, label: `dim ${i} of ${dims.length} over ${axesName(axes)}` });
  });
  let look;
  if (partial.length)
    look = {
      key: `partial:${kind}:${axesName(partial)}`,
      style: "lk-part",
      label: `partial ${kind} over ${axesName(partial)}` + (roles.length ? `, ${roles.map((r) => r.label).join(", ")}` : ""),
      short: `partial ${kind}`,
    };
  else if (roles.length)
    look = {
      key: roles.map((role) => role.key).join(),
      style: null,
      label: `split: ${roles.map((role) => role.label).join(", ")}`,
      short: dims.flatMap((axes, i) => (axes.length ? [`dim ${i} / ${axesName(axes)}`] : [])).join(", "),
    };
  else look = { key: "replicated", style: "lk-rep", label: "replicated", short: "replicated" };
  if (!look.style) {
    const same = [...looks.values()].find((other) => other.key === look.key);
    const used = new Set([...looks.values()].filter((other) => /^lk-\d/.test(other.style)).map((other) => other.key));
    look.style = same ? same.style : `lk-${used.size % 6}`;
  }
  looks.set(text, look);
  return look;
}
const pill = (text) => {
  const look = lookOf(text);
  return h("span", { class: `pill lk ${look.style}`, title: text }, look.label);
};

// `batch x seq x 128/2`: whole sizes, and by how much a split divides them.
function shapeText(tensor, divide) {
  if (!tensor || !tensor.shape) return "";
  if (tensor.shape.length === 0) return "scalar";
  const { dims } = parseLayout(tensor.layout);
  return tensor.shape
    .map((size, i) => {
      const ways = divide && dims[i] ? waysOf(dims[i]) : 1;
      const name = /[ +*]/.test(size) && ways > 1 ? `(${size})` : String(size);
      return ways > 1 ? `${name}\u00f7${ways}` : name;
    })
    .join(" \u00d7 ");
}

// ---- Page ----------------------------------------------------------------------------

function section(id, title, lead, ...children) {
  const element = h("section", { class: "card", id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title));
  if (lead) element.append(h("p", { class: "lead" }, lead));
  element.append(...children.flat().filter(Boolean));
  content.append(element);
  document.getElementById("contents").append(h("a", { href: `#${id}` }, title));
  return element;
}

function setTheme(choice) {
  const dark = choice === "dark" || (choice === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  for (const button of document.querySelectorAll("[data-theme-choice]"))
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
}
function startTheme() {
  let choice = new URLSearchParams(location.search).get("theme");
  if (!["light", "dark"].includes(choice)) choice = "auto";
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(choice));
  for (const button of document.querySelectorAll("[data-theme-choice]"))
    button.addEventListener("click", () => setTheme((choice = button.dataset.themeChoice)));
  setTheme(choice);
}

function addHeader() {
  const mesh = Object.entries(report.mesh || {}).map(([axis, size]) => `${axis} = ${size}`);
  const sizes = Object.entries(report.assumed_sizes || {}).map(([name, size]) => `${name} = ${size}`);
  document.getElementById("subtitle").textContent =
    `Mesh ${mesh.join(", ") || "of one device"}` + (sizes.length ? `; sizes and times at ${sizes.join(", ")}` : "");
  const weights = report.weights_bytes_per_rank || [];
  const collectives = report.collectives || [];
  const figures = [];
  const add = (name, value, note) => figures.push(h("div", {}, h("dt", {}, name), h("dd", { class: "value" }, value), h("dd", { class: "note" }, note || "")));
  add("Ranks", String(report.ranks), mesh.join(", "));
  if (weights.length) {
    const most = Math.max(...weights);
    add("Weights per rank", bytes(most), `most of any rank; ${bytes(sum(weights, (w) => w))} in all`);
  }
  const kinds = {};
  for (const entry of collectives) kinds[entry.kind] = (kinds[entry.kind] || 0) + 1;
  const kindText = Object.entries(kinds).map(([kind, n]) => `${n} ${kindName(kind)}`).join(", ");
  add("Collectives", String(collectives.length), kindText || "nothing moves");
  add("Wire bytes per rank", bytes((report.totals || {}).wire_bytes_per_rank || 0), "sent in one step");
  const communication = sum(collectives, (entry) => entry.predicted_us || 0);
  const configurations = report.configurations || [];
  const chosen = configurations.find((entry) => entry.compiled) || configurations.find((entry) => entry.chosen);
  if (chosen && chosen.prefill_ms != null) add("Predicted prefill", millis(chosen.prefill_ms), chosen.decode_ms == null ? "" : `decode step ${millis(chosen.decode_ms)}`);
  if (collectives.length) add("Predicted communication", micros(communication), "collectives one after another");
  // What the page shows is the function for the assumed sizes; others are counted.
  for (const variant of report.variants || []) {
    if (JSON.stringify(variant.sizes) === JSON.stringify(report.assumed_sizes)) continue;
    const { wire_bytes_per_rank: wire, ...counts } = variant.totals;
    const text = Object.entries(counts).map(([kind, n]) => `${n} ${kindName(kind)}`).join(", ");
    add(`Collectives where ${variant.when}`, String(sum(Object.values(counts), (n) => n)), `${text || "nothing moves"}; ${bytes(wire)} sent per rank`);
  }
  const timings = report.timings_ms || {};
  const phases = ["import", "simplify", "plan", "explain", "partition", "lower"].filter((phase) => phase in timings);
  add("Compile time", millis(sum(Object.values(timings), (ms) => ms)), phases.map((phase) => `${phase} ${Math.round(timings[phase])}`).join(", ") + " ms");
  add("Compiler's peak memory", bytes(report.peak_rss_bytes || 0), "");
  content.append(h("dl", { class: "figures" }, figures));
}

// ---- Collectives ---------------------------------------------------------------------

function addCollectives() {
  const collectives = report.collectives || [];
  if (!collectives.length) {
    section("collectives", "Collectives", "Nothing moves between ranks.");
    return;
  }
  const layers = new Map();
  for (const entry of collectives) {
    if (!layers.has(entry.layer)) layers.set(entry.layer, []);
    layers.get(entry.layer).push(entry);
  }
  // Layers that move the same are one group.
  const groups = new Map();
  for (const [layer, entries] of layers) {
    const same = layer === null ? "outside" : JSON.stringify(entries.map((e) => [e.kind, e.axis, e.dtype, e.shape]));
    if (!groups.has(same)) groups.set(same, { layers: [], entries });
    groups.get(same).layers.push(layer);
  }
  const body = h("tbody");
  const cells = (entry) => [
    h("td", {}, kindName(entry.kind)),
    h("td", {}, entry.axis),
    h("td", { class: "wrap mono" }, entry.op || "\u2013"),
    h("td", {}, entry.dtype),
    h("td", {}, entry.shape.join(" \u00d7 ")),
    h("td", { class: "n" }, bytes(entry.bytes)),
    h("td", { class: "n" }, bytes(entry.wire_bytes_per_rank)),
    h("td", { class: "n" }, entry.predicted_us == null ? "" : micros(entry.predicted_us)),
  ];
  const sumRow = (name, entries, times) =>
    h("tr", { class: "sum" }, h("th", { scope: "row", colspan: 5 }, name),
      h("td", { class: "n" }, bytes(times * sum(entries, (e) => e.bytes))),
      h("td", { class: "n" }, bytes(times * sum(entries, (e) => e.wire_bytes_per_rank))),
      h("td", { class: "n" }, micros(times * sum(entries, (e) => e.predicted_us || 0))));
  for (const { layers: numbers, entries } of groups.values()) {
    const outside = numbers[0] === null;
    const title = outside ? "Outside of the layers" : numbers.length > 1 ? `Each of ${layersName(numbers)}` : `Layer ${numbers[0]}`;
    body.append(h("tr", { class: "group" }, h("th", { scope: "colgroup", colspan: 8 }, title,
      numbers.length > 1 ? h("span", { class: "muted" }, ` (\u00d7 ${numbers.length}; nodes named as in layer ${numbers[0]})`) : null)));
    for (const entry of entries) body.append(h("tr", {}, cells(entry)));
    if (numbers.length > 1) body.append(sumRow(`${numbers.length} layers together`, entries, numbers.length));
    else if (entries.length > 1) body.append(sumRow("Together", entries, 1));
  }
  if (groups.size > 1) body.append(sumRow(`All ${collectives.length}`, collectives, 1));
  const head = h("tr", {}, ["Kind", "Axis", "Made necessary by", "Type", "Shape"].map((name) => h("th", { scope: "col" }, name)),
    ["Bytes", "Wire bytes", "Predicted"].map((name) => h("th", { scope: "col", class: "n" }, name)));
  section("collectives", "Collectives",
    "What moves between ranks in one step at the assumed sizes. Wire bytes are what a rank sends with the bandwidth-optimal algorithm; times are the cost model's.",
    h("div", { class: "table", tabindex: 0, role: "region", "aria-label": "Collectives" }, h("table", {}, h("thead", {}, head), body)));
}

// ---- Ranks ---------------------------------------------------------------------------

function barChart(title, values, format, second) {
  const most = Math.max(...values);
  const mean = sum(values, (v) => v) / values.length;
  const bars = h("div", { class: `bars${second ? " second" : ""}` });
  // Many ranks are shown in at most 32 groups of neighbours, each as its largest.
  const step = Math.ceil(values.length / 32);
  for (let first = 0; first < values.length; first += step) {
    const group = values.slice(first, first + step);
    const value = Math.max(...group);
    bars.append(
      h("span", {}, group.length > 1 ? `ranks ${first}\u2013${first + group.length - 1}` : `rank ${first}`),
      h("div", { class: "track", "aria-hidden": "true" }, h("div", { class: "bar", style: `width:${most ? (100 * value) / most : 0}%` })),
      h("span", {}, format(value))
    );
  }
  const imbalance = mean ? most / mean : 1;
  const note = h("p", { class: imbalance > 1.1 ? "warn" : "muted" }, `Imbalance ${imbalance.toFixed(3)} (largest / mean)`);
  return h("div", {}, h("h3", {}, title), bars, note);
}

function addRanks() {
  const charts = [];
  if ((report.weights_bytes_per_rank || []).length) charts.push(barChart("Weights per rank", report.weights_bytes_per_rank, bytes, false));
  if ((report.flops_per_rank || []).length) charts.push(barChart("Arithmetic per rank", report.flops_per_rank, flops, true));
  if (charts.length)
    section("ranks", "Ranks", "How evenly the work is dealt. Arithmetic counts matrix products and attention of one step, two per multiply-add.", h("div", { class: "charts" }, charts));
}

// ---- Sortable table of configurations ------------------------------------------------

function addConfigurations() {
  const configurations = report.configurations;
  if (!Array.isArray(configurations) || !configurations.length) return;
  const columns = [
    ["dp", "DP", String], ["pp", "PP", String], ["tp", "TP", String], ["ep", "EP", String],
    ["prefill_ms", "Prefill", millis], ["decode_ms", "Decode step", millis],
    ["prefills_per_s", "Prefills/s", (v) => v.toFixed(v < 100 ? 1 : 0)], ["throughput_tokens_per_s", "Tokens/s", (v) => v.toFixed(v < 100 ? 1 : 0)],
    ["memory_bytes_per_rank", "Memory per rank", bytes],
    ["feasible", "Fits", (v) => (v ? "yes" : "no")], ["reason", "Reason", String],
  ].filter(([key]) => configurations.some((entry) => entry[key] !== undefined && entry[key] !== null));
  const body = h("tbody");
  const isText = (key) => key === "reason" || key === "feasible";
  const fill = (rows) =>
    body.replaceChildren(...rows.map((entry) =>
      h("tr", { class: entry.chosen ? "chosen" : entry.feasible === false ? "no" : null },
        columns.map(([key, , format], i) => h("td", { class: isText(key) ? null : "n" },
          entry[key] == null ? "\u2013" : format(entry[key]), i > 0 ? null : entry.chosen ? " \u2713 chosen" : entry.compiled ? " compiled" : null)))));
  const heads = columns.map(([key, name]) => {
    const th = h("th", { scope: "col", class: isText(key) ? null : "n", "aria-sort": "none" });
    th.append(h("button", { type: "button", onclick: () => {
      const up = th.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      th.setAttribute("aria-sort", up ? "ascending" : "descending");
      const missing = (entry) => entry[key] === undefined || entry[key] === null;
      const compare = (a, b) => (typeof a === "number" ? a - b : String(a).localeCompare(String(b)));
      fill(configurations.slice().sort((a, b) =>
        missing(a) || missing(b) ? missing(a) - missing(b) : (up ? 1 : -1) * compare(a[key], b[key])));
    } }, name));
    return th;
  });
  fill(configurations);
  section("configurations", "Configurations",
    "Ways to use the devices, by the cost model: data (DP), pipeline (PP), tensor (TP) and expert (EP) parallel. " +
      "Programs run TP; the rest is predicted.",
    h("div", {}, ((report.cluster || {}).reasons || []).map((reason) => h("p", {}, reason))),
    h("div", { class: "table", tabindex: 0, role: "region", "aria-label": "Configurations" }, h("table", {}, h("thead", {}, h("tr", {}, heads)), body)));
}

// ---- Search by tensor ----------------------------------------------------------------

function addLayouts() {
  const layouts = report.layouts || [];
  if (!layouts.length) return;
  const kPage = 100;
  const hasSource = layouts.some((entry) => entry.source);
  const texts = layouts.map((entry) => [entry.tensor, entry.layout, entry.reason, entry.source, lookOf(entry.layout).label].join(" ").toLowerCase());
  const body = h("tbody");
  const status = h("p", { class: "muted", role: "status" });
  const more = h("button", { type: "button", class: "more", onclick: () => show(shown + 5 * kPage) }, "Show more");
  const box = h("input", { type: "search", id: "search", size: 34, placeholder: "q_proj layers.3", oninput: () => find() });
  const kind = h("select", { id: "search-kind", onchange: () => find() },
    ["any layout", "replicated", "split", "partial"].map((name) => h("option", { value: name === "any layout" ? "" : name }, name)));
  let found = [];
  let shown = 0;
  function find() {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = layouts.filter((entry, i) => words.every((word) => texts[i].includes(word)) && lookOf(entry.layout).label.startsWith(kind.value));
    show(kPage);
  }
  function show(limit) {
    shown = Math.min(limit, found.length);
    body.replaceChildren(...found.slice(0, shown).map((entry) =>
      h("tr", {}, h("td", { class: "wrap mono" }, entry.tensor || "\u2013"), h("td", {}, pill(entry.layout)), h("td", { class: "wrap" }, entry.reason || "\u2013"),
        hasSource ? h("td", { class: "wrap" }, entry.source || "\u2013") : null)));
    status.textContent = `${count(found.length, "tensor")}${shown < found.length ? `, the first ${shown} shown` : ""}`;
    more.hidden = shown === found.length;
  }
  section("layouts", "Tensors", "Every tensor's layout, and why. Words are looked for in the name, the layout and the reason; all must occur.",
    h("div", { class: "controls" }, h("label", { for: "search" }, "Search ", box), h("label", { for: "search-kind" }, "Layout ", kind), status),
    h("div", { class: "table", tabindex: 0, role: "region", "aria-label": "Tensors" }, h("table", {}, h("thead", {}, h("tr", {},
      ["Tensor", "Layout", "Reason"].concat(hasSource ? ["Source"] : []).map((name) => h("th", { scope: "col" }, name)))), body)), more);
  find();
}

function addUnraised() {
  const unraised = report.unraised || [];
  if (!unraised.length) return;
  section("unraised", "Not recognised",
    "Parts that no simplification recognised as one operator. They work, but are planned and compiled piece by piece.",
    h("div", { class: "table" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "What"), h("th", { scope: "col" }, "First at"), h("th", { scope: "col", class: "n" }, "Times"))),
      h("tbody", {}, unraised.map((entry) => h("tr", {}, h("td", {}, entry.op), h("td", { class: "wrap mono" }, entry.node), h("td", { class: "n" }, String(entry.count))))))));
}

startTheme();
addHeader();
addConfigurations();
addDiagram();
addCollectives();
addRanks();
addLayouts();
addUnraised();

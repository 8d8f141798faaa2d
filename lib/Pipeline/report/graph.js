// Operations that only rename or move what is there; hidden unless asked for.
const kMovesOnly = new Set(["Reshape", "Transpose", "Unsqueeze", "Squeeze", "Identity", "Cast", "Flatten", "Expand"]);
// More boxes than this are a list, not a picture.
const kMaxBoxes = 700;

const isCollective = (node) => node.moves && node.op !== "slice";
const movementsOf = (node) => (node.collectives || []).map((index) => report.collectives[index]);
const shorten = (name, length) => (name.length > length ? `\u2026${name.slice(name.length - length + 1)}` : name);

// ---- From nodes to boxes -------------------------------------------------------------

// The nodes to draw, with their inputs as indices into the list. A hidden node's readers
// read its input instead.
function visibleNodes(group, showAll) {
  const hidden = (node) =>
    !showAll && kMovesOnly.has(node.op) && node.inputs.length === 1 && !node.weights && !node.collectives && !node.outputs;
  const byId = new Map([...group.sources, ...group.nodes].map((node) => [node.id, node]));
  const own = new Set(group.nodes.map((node) => node.id));
  const resolve = (id) => {
    let node = byId.get(id);
    while (own.has(node.id) && hidden(node) && byId.has(node.inputs[0])) node = byId.get(node.inputs[0]);
    return node.id;
  };
  const list = [];
  const index = new Map();
  const used = new Set();
  for (const node of group.nodes) if (!hidden(node)) node.inputs.forEach((id) => used.add(resolve(id)));
  for (const node of group.sources)
    if (used.has(node.id)) {
      index.set(node.id, list.length);
      list.push({ node, source: true, inputs: [] });
    }
  // What leaves the group may leave through a hidden node.
  const leaving = new Set(group.nodes.filter((node) => node.leaves).map((node) => resolve(node.id)));
  for (const node of group.nodes) {
    if (hidden(node)) continue;
    index.set(node.id, list.length);
    list.push({ node, source: false, leaves: leaving.has(node.id), inputs: [...new Set(node.inputs.map((id) => index.get(resolve(id))))] });
  }
  return list;
}

// Experts and the like: four or more nodes alike, reading the same, are drawn once.
function mergeAlike(list) {
  const keys = [];
  const groups = new Map();
  list.forEach((entry, i) => {
    const { node } = entry;
    const first = node.results[0] || {};
    const weights = (node.weights || []).map((w) => [w.shape, w.layout]);
    const inputs = entry.inputs.map((input) => keys[input]).sort((a, b) => a - b);
    const text = entry.source || node.op === "input" || node.moves
      ? `#${i}`
      : JSON.stringify([node.op, first.shape, first.layout, weights, inputs, entry.leaves, node.outputs]);
    if (!groups.has(text)) groups.set(text, []);
    groups.get(text).push(i);
    keys.push(groups.get(text)[0]);
  });
  const place = [];
  const merged = [];
  const members = new Map([...groups.values()].map((group) => [group[0], group]));
  list.forEach((entry, i) => {
    const group = members.get(keys[i]);
    const joined = group.length > 3;
    if (joined && group[0] !== i) {
      place.push(place[group[0]]);
      return;
    }
    place.push(merged.length);
    merged.push({ ...entry, times: joined ? group.length : 1 });
  });
  for (const entry of merged) entry.inputs = [...new Set(entry.inputs.map((input) => place[input]))];
  return merged;
}

function sourceName(node, group) {
  if (node.previous_layer) return group.layers.length > 1 || group.layers[0] > 0 ? "previous layer" : "from before";
  if (node.op === "input") return shorten(node.name || "input", 15);
  return `${node.op}, above`;
}

function boxLines(entry, group) {
  const { node, times } = entry;
  const first = node.results[0];
  const shape = shapeText(first, true).replace(/ \u00d7 /g, "\u00d7");
  if (entry.source) return [sourceName(node, group), shape];
  if (node.moves) {
    const moved = movementsOf(node)[0];
    if (!moved) return [kindName(node.op), "local, nothing moves"];
    const lines = [`\u21c4 ${kindName(node.op)}`, `${moved.axis} \u00b7 ${bytes(moved.bytes)}`];
    return moved.predicted_us == null ? lines : lines.concat(`${micros(moved.predicted_us)} predicted`);
  }
  if (node.op === "input") return ["input", shorten(node.name, 16), shape, lookOf(first.layout).short];
  const weight = (node.weights || [])[0];
  const lines = [node.op + (times > 1 ? ` \u00d7 ${times}` : ""), shorten(weight ? weight.name.replace(/\.weight$/, "") : node.name, 21), shape, first ? lookOf(first.layout).short : ""];
  for (const moved of movementsOf(node)) lines.push(`\u21c4 ${kindName(moved.kind)} ${bytes(moved.bytes)} inside`);
  if (node.outputs) lines.push(`\u2192 ${shorten(node.outputs[0] || "output", 20)}`);
  else if (entry.leaves && group.layers.length) lines.push("\u2192 next layer");
  return lines;
}

// ---- Details of one node -------------------------------------------------------------

function describeTensor(tensor) {
  return h("span", {}, tensor.name ? [h("code", {}, tensor.name), " "] : [], `${tensor.dtype} ${shapeText(tensor, false)} `, pill(tensor.layout), " ",
    h("code", {}, tensor.layout));
}

function showDetails(panel, entry, group, names) {
  const { node } = entry;
  const list = h("dl");
  const add = (name, ...values) => list.append(h("dt", {}, name), ...values.flat().map((value) => h("dd", {}, value)));
  if (node.name) add(isCollective(node) ? "Made necessary by" : "Node", h("code", {}, node.name));
  if (entry.source) add("Computed", node.layer == null ? "outside of the layers" : `in layer ${node.layer}`);
  else if (group.layers.length) add("In", layersName(group.layers) + (group.layers.length > 1 ? `; names are those of layer ${group.layers[0]}` : ""));
  if (entry.times > 1) add("Drawn once for", `${entry.times} nodes that are alike`);
  if (node.reason) add("Why", node.reason);
  if (node.results.length) add(node.results.length > 1 ? "Results" : "Result", node.results.map(describeTensor));
  const split = node.results.find((result) => shapeText(result, true) !== shapeText(result, false));
  if (split) add("Each rank holds", shapeText(split, true));
  const units = node.results.map((result) => /units = ([^}]*)/.exec(result.layout)).find(Boolean);
  if (units) add("Dealt in", `${units[1]} equal pieces, none of which is cut`);
  if (node.weights) add(node.weights.length > 1 ? "Weights" : "Weight", node.weights.map(describeTensor));
  if (node.inputs.length && !entry.source) add("Reads", node.inputs.map((id) => names.get(id) || `node ${id}`));
  if (node.outputs) add("Is the model's output", node.outputs.map((name) => h("code", {}, name)));
  for (const moved of movementsOf(node)) {
    add(node.moves ? "Moves" : `Moves inside (${kindName(moved.kind)})`,
      `${bytes(moved.bytes)} (${moved.dtype} ${moved.shape.join(" \u00d7 ")}) over ${moved.axis}; ${bytes(moved.wire_bytes_per_rank)} on the wire per rank` +
      (moved.predicted_us == null ? "" : `; ${micros(moved.predicted_us)} predicted`));
  }
  const title = entry.source ? (node.op === "input" ? node.name : sourceName(node, group)) : node.moves ? kindName(node.op) : node.op;
  panel.classList.remove("empty");
  const close = h("button", { type: "button", class: "close", onclick: () => panel.classList.add("empty") }, "Close");
  panel.replaceChildren(close, h("h3", {}, title), list);
}

// ---- Drawing -------------------------------------------------------------------------

const kSvg = "http://www.w3.org/2000/svg";
function svg(tag, attributes, ...children) {
  const element = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Pictures a little too wide for their place are made to fit it; more is scrolled.
function fitWidth(area) {
  const dag = area.querySelector(".dag");
  if (!dag) return;
  dag.style.zoom = Math.max(0.8, Math.min(1, (area.clientWidth - 14) / parseFloat(dag.style.width)));
}

let arrows = 0;
function drawGroup(group, options, select) {
  const list = mergeAlike(visibleNodes(group, options.showAll));
  if (!list.length) return h("p", { class: "muted" }, "Nothing but shape arithmetic.");
  const narrow = innerWidth < 600;
  const names = new Map([...group.sources, ...group.nodes].map((node) => [node.id, `${kindName(node.op)} ${node.name}`]));
  for (const entry of list) {
    entry.lines = boxLines(entry, group);
    entry.width = entry.source || entry.node.op === "input" ? (narrow ? 116 : 128) : narrow ? 132 : 164;
    entry.height = entry.lines.length * 16 + 12;
    entry.pinned = entry.source && entry.node.previous_layer;
  }
  const draw = list.length <= kMaxBoxes;
  const { width, height, edges } = draw ? layOutDiagram(list, { x: 12, y: 24 }) : { width: 0, height: 0, edges: [] };
  const paths = edges.map((edge) => svg("path", { d: edge.path, "marker-end": `url(#arrow${arrows})` }));
  const light = (i) => paths.forEach((path, e) => path.classList.toggle("near", edges[e].from === i || edges[e].to === i));
  const boxes = list.map((entry, i) => {
    const { node } = entry;
    const look = node.results[0] ? lookOf(node.results[0].layout) : lookOf("[]");
    const kind = node.moves && !entry.source ? (isCollective(node) ? "move" : "local") : `lk ${look.style}${entry.source ? " source" : ""}`;
    const [title, ...rest] = entry.lines;
    return h("button", {
      type: "button", class: `box ${kind}`, "aria-pressed": "false", title: node.name,
      style: draw ? `left:${entry.x}px;top:${entry.y}px;width:${entry.width}px;height:${entry.height}px` : "position:relative;margin:4px",
      onclick: (event) => {
        select(event.currentTarget, entry, group, names);
        light(i);
      },
      onmouseenter: () => light(i),
      onfocus: () => light(i),
    }, h("b", {}, title), rest.map((line, k) => h("span", { class: k === 0 && kind.startsWith("lk") ? "where" : null }, line)));
  });
  if (!draw) return h("div", {}, h("p", { class: "muted" }, `${list.length} operations in the model's order: too many for a picture.`), boxes);
  const arrow = svg("marker", { id: `arrow${arrows++}`, viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" },
    svg("path", { d: "M0 0 L8 4 L0 8 z" }));
  // Tab goes through the picture from top to bottom.
  const order = boxes.map((_, i) => i).sort((a, b) => list[a].y - list[b].y || list[a].x - list[b].x);
  return h("div", { class: "dag", style: `width:${Math.ceil(width)}px;height:${Math.ceil(height)}px` },
    svg("svg", { width, height, "aria-hidden": "true" }, svg("defs", {}, arrow), ...paths), order.map((i) => boxes[i]));
}

function partTitle(part, index, parts) {
  if (part.kind === "layers") return "Layers";
  const before = parts.slice(index).some((other) => other.kind === "layers");
  const after = parts.slice(0, index).some((other) => other.kind === "layers");
  return before && after ? "Between the layers" : before ? "Before the layers" : after ? "Behind the layers" : "The model (no repeated layers)";
}

function legendOf(parts) {
  const seen = new Map();
  for (const part of parts)
    for (const group of part.classes)
      for (const node of group.nodes)
        for (const result of node.results.slice(0, 1)) {
          const look = lookOf(result.layout);
          if (!seen.has(look.key)) seen.set(look.key, result.layout);
        }
  const rank = (text) => ({ "lk-rep": 0, "lk-part": 2 })[lookOf(text).style] ?? 1;
  const entries = [...seen.values()].sort((a, b) => rank(a) - rank(b)).map((layout) => h("li", {}, pill(layout)));
  return h("ul", { class: "legend", "aria-label": "Legend" }, entries, h("li", {}, h("span", { class: "swatch-move" }, "\u21c4 collective")));
}

function addPart(part, index, parts, options, select) {
  const area = h("div", { class: `scroll${part.kind === "layers" ? " repeated" : ""}`, tabindex: 0, role: "region" });
  const title = h("div", { class: "part-title" }, h("h3", {}, partTitle(part, index, parts)));
  const note = h("span", { class: "muted" });
  const times = h("span", { class: "times" });
  const show = (group) => {
    area.replaceChildren(drawGroup(group, options, select));
    fitWidth(area);
    area.scrollLeft = (area.scrollWidth - area.clientWidth) / 2;
    area.setAttribute("aria-label", partTitle(part, index, parts));
    const n = group.layers.length;
    times.hidden = n < 2;
    times.textContent = `\u00d7 ${n}`;
    const moved = group.nodes.flatMap(movementsOf);
    note.textContent = (n ? `${layersName(group.layers)}: ` : "") +
      (moved.length ? `${count(moved.length, "collective")}${n > 1 ? " each" : ""}, ${micros(sum(moved, (m) => m.predicted_us || 0))} predicted` : "nothing moves");
  };
  let current = part.classes[0];
  if (part.classes.length > 1) {
    const choice = h("select", { onchange: () => show((current = part.classes[Number(choice.value)])) },
      part.classes.map((group, i) => h("option", { value: i }, `${layersName(group.layers)}${group.layers.length > 1 ? ` (\u00d7 ${group.layers.length})` : ""}`)));
    title.append(h("label", {}, "Show ", choice));
  }
  title.append(times, note);
  options.redraw.push(() => show(current));
  return h("div", { class: "part" }, title, area);
}

function addDiagram() {
  const parts = ((report.graph || {}).sections || []).filter((part) => part.classes.length);
  if (!parts.length) return;
  const panel = h("aside", { class: "details empty", "aria-live": "polite", "aria-label": "Details" },
    h("p", { class: "muted" }, "Choose a box to see its layout, its weights and the reason."));
  let selected = null;
  const select = (button, entry, group, names) => {
    if (selected) selected.setAttribute("aria-pressed", "false");
    selected = button;
    button.setAttribute("aria-pressed", "true");
    showDetails(panel, entry, group, names);
  };
  const options = { showAll: false, redraw: [] };
  const toggle = h("input", { type: "checkbox", onchange: () => {
    options.showAll = toggle.checked;
    redraw();
  } });
  const legend = legendOf(parts);
  section("diagram", "What every rank computes",
    "Operations from top to bottom; sizes are of whole tensors, \u00f7 n where a rank holds one n-th. Layers that are laid out alike are drawn once.",
    legend, h("div", { class: "controls" }, h("label", {}, toggle, "Show reshapes, transposes and casts")),
    h("div", { class: "drawing" }, h("div", {}, parts.map((part, i) => addPart(part, i, parts, options, select))), panel));
  const redraw = () => options.redraw.forEach((draw) => draw());
  redraw();
  let narrow = innerWidth < 600;
  addEventListener("resize", () => {
    if (innerWidth < 600 === narrow) return document.querySelectorAll(".scroll").forEach(fitWidth);
    narrow = !narrow;
    redraw();
  });
  // A picture wider than the paper is made to fit it.
  addEventListener("beforeprint", () => {
    for (const dag of document.querySelectorAll(".dag")) dag.style.zoom = Math.min(1, 680 / parseFloat(dag.style.width));
  });
  addEventListener("afterprint", () => document.querySelectorAll(".scroll").forEach(fitWidth));
}


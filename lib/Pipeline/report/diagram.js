"use strict";

// Places the boxes of a dataflow graph in rows: inputs above what reads them, few
// crossings, long edges straight. The usual layered drawing (Sugiyama, Tagawa, Toda,
// 1981): longest-path rows, barycentres, then a least-squares fit of each row to its
// neighbours by pooling adjacent violators.
//
// boxes: [{inputs: [index], width, height, pinned}], inputs before their readers. What
// depends on no pinned box is drawn next to its first reader.
// Sets x and y (top left) and returns {width, height, edges: [{from, to, path}]}.
function layOutDiagram(boxes, gap) {
  const rows = assignRows(boxes);
  const { items, links } = addBends(boxes, rows);
  const byRow = [];
  items.forEach((item, i) => (byRow[item.row] = byRow[item.row] || []).push(i));
  reduceCrossings(byRow, links, items);
  const width = placeInRows(byRow, links, items, gap.x);
  const tops = [];
  let height = 0;
  for (const row of byRow) {
    const tallest = Math.max(...row.map((i) => items[i].height));
    tops.push({ top: height, tallest });
    height += tallest + gap.y;
  }
  boxes.forEach((box, i) => {
    box.x = items[i].x - box.width / 2;
    box.y = tops[rows[i]].top + (tops[rows[i]].tallest - box.height) / 2;
  });
  return { width, height: height - gap.y, edges: routeEdges(boxes, items, tops) };
}

function assignRows(boxes) {
  const rows = boxes.map(() => 0);
  boxes.forEach((box, i) => {
    for (const input of box.inputs) rows[i] = Math.max(rows[i], rows[input] + 1);
  });
  // What does not depend on a pinned box goes down to its first reader.
  const free = [];
  boxes.forEach((box, i) => (free[i] = !box.pinned && box.inputs.every((input) => free[input])));
  const first = boxes.map(() => Infinity);
  for (let i = boxes.length - 1; i >= 0; --i) {
    if (free[i] && first[i] !== Infinity) rows[i] = Math.max(rows[i], first[i] - 1);
    for (const input of boxes[i].inputs) first[input] = Math.min(first[input], rows[i]);
  }
  const used = [...new Set(rows)].sort((a, b) => a - b);
  return rows.map((row) => used.indexOf(row));
}

// An edge over several rows gets an item in each of them.
function addBends(boxes, rows) {
  const items = boxes.map((box, i) => ({ row: rows[i], width: box.width, height: box.height, up: [], down: [] }));
  const links = [];
  const link = (from, to, weight) => {
    items[from].down.push({ item: to, weight });
    items[to].up.push({ item: from, weight });
    links.push([from, to]);
  };
  boxes.forEach((box, i) => {
    for (const input of box.inputs) {
      let last = input;
      for (let row = rows[input] + 1; row < rows[i]; ++row) {
        items.push({ row, width: 10, height: 0, up: [], down: [], bend: [input, i] });
        link(last, items.length - 1, items[last].bend ? 8 : 0.1);
        last = items.length - 1;
      }
      // Neighbours pull each other; a long edge follows, and is straight in between.
      link(last, i, items[last].bend ? 0.1 : 2);
    }
  });
  return { items, links };
}

function countCrossings(byRow, links, items) {
  const spans = byRow.map(() => []);
  for (const [from, to] of links) spans[items[from].row].push([items[from].order, items[to].order]);
  let count = 0;
  for (const span of spans)
    for (let i = 0; i < span.length; ++i)
      for (let j = 0; j < i; ++j)
        if ((span[i][0] - span[j][0]) * (span[i][1] - span[j][1]) < 0) ++count;
  return count;
}

function reduceCrossings(byRow, links, items) {
  const number = () => byRow.forEach((row) => row.forEach((i, order) => (items[i].order = order)));
  number();
  let best = byRow.map((row) => row.slice());
  let fewest = countCrossings(byRow, links, items);
  for (let sweep = 0; sweep < 12 && fewest > 0; ++sweep) {
    const down = sweep % 2 === 0;
    const order = down ? byRow : byRow.slice().reverse();
    for (const row of order) {
      for (const i of row) {
        const near = down ? items[i].up : items[i].down;
        items[i].key = near.length
          ? near.reduce((sum, other) => sum + items[other.item].order, 0) / near.length
          : items[i].order;
      }
      row.sort((a, b) => items[a].key - items[b].key || items[a].order - items[b].order);
      row.forEach((i, place) => (items[i].order = place));
    }
    const crossings = countCrossings(byRow, links, items);
    if (crossings < fewest) {
      fewest = crossings;
      best = byRow.map((row) => row.slice());
    }
  }
  best.forEach((row, r) => (byRow[r] = row));
  number();
}

// Centres of a row: as near to `wanted` as the order and the widths allow.
function fitRow(row, items, wanted, weights, gap) {
  let offset = 0;
  const offsets = row.map((i, k) => {
    if (k > 0) offset += (items[row[k - 1]].width + items[i].width) / 2 + gap;
    return offset;
  });
  const blocks = [];
  row.forEach((_, k) => {
    let block = { sum: (wanted[k] - offsets[k]) * weights[k], weight: weights[k], count: 1 };
    while (blocks.length) {
      const last = blocks[blocks.length - 1];
      if (last.sum / last.weight <= block.sum / block.weight) break;
      blocks.pop();
      block = { sum: last.sum + block.sum, weight: last.weight + block.weight, count: last.count + block.count };
    }
    blocks.push(block);
  });
  let k = 0;
  for (const block of blocks)
    for (let n = 0; n < block.count; ++n, ++k) items[row[k]].x = block.sum / block.weight + offsets[k];
}

function placeInRows(byRow, links, items, gap) {
  for (const row of byRow) fitRow(row, items, row.map(() => 0), row.map(() => 1), gap);
  // Each sweep moves a chain a little: short pictures get enough for straight ones.
  const sweeps = Math.max(16, Math.min(200, Math.floor(40000 / items.length)));
  for (let sweep = 0; sweep < sweeps; ++sweep) {
    const order = sweep % 2 === 0 ? byRow : byRow.slice().reverse();
    for (const row of order) {
      const wanted = [];
      const weights = [];
      for (const i of row) {
        const near = items[i].up.concat(items[i].down);
        const weight = near.reduce((sum, other) => sum + other.weight, 0);
        wanted.push(
          weight ? near.reduce((sum, other) => sum + items[other.item].x * other.weight, 0) / weight : items[i].x
        );
        weights.push(weight || 0.1);
      }
      fitRow(row, items, wanted, weights, gap);
    }
  }
  straighten(byRow, items, gap);
  const left = Math.min(...items.map((item) => item.x - item.width / 2));
  for (const item of items) item.x -= left;
  return Math.max(...items.map((item) => item.x + item.width / 2));
}

// A long edge becomes one vertical line where its neighbours leave room for that.
function straighten(byRow, items, gap) {
  const chains = new Map();
  items.forEach((item, i) => {
    if (item.bend) chains.set(item.bend.join(), (chains.get(item.bend.join()) || []).concat(i));
  });
  for (const chain of chains.values()) {
    let low = -Infinity;
    let high = Infinity;
    for (const i of chain) {
      const row = byRow[items[i].row];
      const left = items[row[items[i].order - 1]];
      const right = items[row[items[i].order + 1]];
      if (left) low = Math.max(low, left.x + (left.width + items[i].width) / 2 + gap / 2);
      if (right) high = Math.min(high, right.x - (right.width + items[i].width) / 2 - gap / 2);
    }
    if (low > high) continue;
    const mean = chain.reduce((sum, i) => sum + items[i].x, 0) / chain.length;
    for (const i of chain) items[i].x = Math.max(low, Math.min(high, mean));
  }
}

function routeEdges(boxes, items, tops) {
  const bends = new Map();
  for (const item of items)
    if (item.bend) {
      const key = item.bend.join();
      if (!bends.has(key)) bends.set(key, []);
      const { top, tallest } = tops[item.row];
      bends.get(key).push({ x: item.x, top, bottom: top + tallest });
    }
  const edges = [];
  boxes.forEach((box, to) => {
    for (const from of box.inputs) {
      const source = boxes[from];
      let x = source.x + source.width / 2;
      let y = source.y + source.height;
      let path = `M${x.toFixed(1)} ${y.toFixed(1)}`;
      const curve = (toX, toY) => {
        const middle = (y + toY) / 2;
        path += ` C${x.toFixed(1)} ${middle.toFixed(1)} ${toX.toFixed(1)} ${middle.toFixed(1)} ${toX.toFixed(1)} ${toY.toFixed(1)}`;
        x = toX;
        y = toY;
      };
      for (const bend of bends.get([from, to].join()) || []) {
        curve(bend.x, bend.top);
        path += ` V${bend.bottom.toFixed(1)}`;
        y = bend.bottom;
      }
      curve(box.x + box.width / 2, box.y - 3);
      edges.push({ from, to, path });
    }
  });
  return edges;
}

// Names on the map, as text over the canvas. Where two would overlap, the larger group keeps its name.

import * as data from "./data.js";

const ROOM = 42000; // square pixels of the pane for each name
const SCATTERED = 0.25; // of the layout: a cluster whose middle half is wider has no place for its name
const COMPACT = 0.1; // of the layout: the name of a smaller cluster stands above it
const ROW_END = 8; // pixels between the end of a row's name and the pane
const ROW_EDGE = 66; // pixels between the pane's edge, where the tools are, and the name of a row
const ROW_HEIGHT = 26; // pixels of a period's name and what is below it
const EDGE = 0.012; // of the layout: half a thumbnail

/** Names of clusters, above their members or in the middle of them: [{x, y, text, size}]. */
export async function clusterLabels(name, places) {
  const [labels, info] = await Promise.all([data.clusterOf(name), data.clusterInfo(name)]);
  const xs = new Map();
  for (let n = 0; n < labels.length; n++) {
    if (labels[n] < 0 || !(places[2 * n] > -1)) continue;
    if (!xs.has(labels[n])) xs.set(labels[n], [[], []]);
    const lists = xs.get(labels[n]);
    lists[0].push(places[2 * n]);
    lists[1].push(places[2 * n + 1]);
  }
  const sorted = (list) => Float32Array.from(list).sort();
  const middle = (list) => list[list.length >> 1];
  const spread = (list) => list[Math.floor(list.length * 0.75)] - list[Math.floor(list.length * 0.25)];
  return info
    .map((cluster, index) => ({ cluster, label: numberOf(cluster, index) }))
    .filter(({ label }) => xs.has(label))
    .map(({ cluster, label }) => {
      const [across, down] = xs.get(label).map(sorted);
      const width = Math.max(spread(across), spread(down));
      const above = width < COMPACT;
      const y = above ? down[Math.floor(down.length * 0.04)] - EDGE : middle(down);
      const size = width < SCATTERED ? across.length : 0;
      return { x: middle(across), y, above, text: nameOf(cluster, label), size, cluster: `${name}:${label}` };
    })
    .filter(({ size }) => size);
}

/** The number of a cluster in its table. */
export const numberOf = (cluster, index) => cluster.cluster ?? index;

/** What to call a cluster: its name, else the values and words that set it apart. */
export function nameOf(cluster, label) {
  if (cluster.name) return cluster.name;
  const common = (list) => (list?.[0]?.count >= 0.4 * cluster.size ? list[0].value : null);
  const parts = [common(cluster.artists) ?? common(cluster.styles), ...(cluster.terms ?? [])];
  return parts.filter(Boolean).slice(0, 3).join(", ") || `Group ${label + 1}`;
}

export class Labels {
  /** `click(label)` is called for a label that names a cluster. */
  constructor(pane, click) {
    Object.assign(this, { click, list: [], nodes: new Map(), widths: new Map() });
    this.root = document.createElement("div");
    this.root.className = "names";
    pane.append(this.root);
  }

  set(list) {
    this.list = [...list].sort((a, b) => b.size - a.size).slice(0, 2000);
    this.root.replaceChildren();
    this.nodes.clear();
  }

  #node(label) {
    if (this.nodes.has(label)) return this.nodes.get(label);
    const node = document.createElement(label.cluster ? "button" : "span");
    if (label.cluster) {
      node.type = "button";
      node.tabIndex = -1; // the same list is in the tab of clusters, by keyboard too
      node.addEventListener("click", () => this.click(label));
    }
    node.dir = "auto";
    node.textContent = label.text.slice(0, 60);
    node.className = `name ${label.above ? "above" : label.below ? "below" : ""} ${label.row ? "row" : ""} ${label.sticks ? "sticks" : ""}`;
    this.root.append(node);
    this.nodes.set(label, { node, width: node.offsetWidth, height: node.offsetHeight, shown: true });
    return this.nodes.get(label);
  }

  /** Cuts a name to the width of its block; returns whether enough is left to read. */
  #narrow(entry, room) {
    entry.whole ??= entry.width;
    const width = Math.min(entry.whole, Math.round(room));
    if (width !== entry.width) entry.node.style.maxWidth = `${width}px`;
    entry.width = width;
    return width >= Math.min(entry.whole, 36);
  }

  /** Where a name stands: that of a row begins with its row, that of a period is below it; both stay in sight. */
  #place(label, camera) {
    const [x, y] = camera.toPane(label.x, label.y);
    if (label.row) return [Math.max(x, 0), y];
    return [x, label.sticks ? Math.min(y, camera.height - ROW_HEIGHT) : y];
  }

  /** Puts the names where the camera sees them; `visible` hides all. */
  draw(camera, visible) {
    const most = Math.max(5, (camera.width * camera.height) / ROOM);
    const taken = [];
    const showing = new Set();
    if (visible) {
      for (const label of this.list) {
        const [x, y] = this.#place(label, camera);
        if (x < -40 || y < -10 || x > camera.width + 40 || y > camera.height + 10) continue;
        const entry = this.#node(label);
        if (label.span && !this.#narrow(entry, label.span * camera.scale)) continue;
        const top = label.above ? y - entry.height : label.below ? y : y - entry.height / 2;
        const edge = label.span ? 0 : 4;
        const left = label.row ? Math.max(ROW_EDGE, Math.min(x, camera.width - entry.width - ROW_END)) : x - entry.width / 2;
        const box = [left - edge, top - 2, left + entry.width + edge, top + entry.height + 2];
        if (label.cluster) {
          const shift = Math.max(0, -box[0]) - Math.max(0, box[2] - camera.width); // keep it inside the pane
          box[0] += shift;
          box[2] += shift;
        }
        if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
        taken.push(box);
        showing.add(label);
        entry.node.style.transform = `translate(${Math.round(box[0] + edge)}px, ${Math.round(box[1] + 2)}px)`;
        if (label.cluster && showing.size >= most) break;
      }
    }
    for (const [label, entry] of this.nodes) {
      const shown = showing.has(label);
      if (shown !== entry.shown) entry.node.style.visibility = shown ? "visible" : "hidden";
      entry.shown = shown;
    }
  }
}

// Layouts that the page computes itself: the matching artworks as a list, by time, by category. A layout is
// {places: Float32Array of x, y (NaN: not shown), cell: size of a place or 0 for a map, labels: [{x, y, text, size}]}.

import * as data from "./data.js";
import { yearColumn } from "./matches.js";
import { emptyPlaces, timeline, timelines } from "./timelines.js";

const shown = (matches) => {
  const list = matches.ranked ? Array.from(matches.ranked).filter((n) => !matches.fails[n]) : [];
  if (!matches.ranked) for (let n = 0; n < matches.fails.length; n++) if (!matches.fails[n]) list.push(n);
  return list;
};

/** The matches row by row, the best match first. */
function list(archive, matches) {
  const places = emptyPlaces(archive.count);
  const members = shown(matches);
  const width = Math.max(1, Math.ceil(Math.sqrt(members.length * 1.5)));
  members.forEach((n, index) => {
    places[2 * n] = ((index % width) + 0.5) / width;
    places[2 * n + 1] = (Math.floor(index / width) + 0.5) / width;
  });
  return { places, cell: 1 / width, labels: [] };
}

const SHAPE = 1.5; // width by height of a page of blocks

/** Puts blocks [[code, members], ...] on shelves, of those widths the one that gives the best shape. */
function packed(blocks) {
  const sizes = blocks.map(([code, members]) => ({ code, members, width: Math.ceil(Math.sqrt(members.length * 1.3)) }));
  const total = sizes.reduce((sum, { members, width }) => sum + (width + 1) * (Math.ceil(members.length / width) + 2.2), 0);
  let best = null;
  for (const factor of [0.8, 0.9, 1, 1.1, 1.2, 1.35, 1.5]) {
    const limit = Math.max(sizes[0]?.width ?? 1, Math.sqrt(total * SHAPE) * factor);
    let [x, y, shelf, wide] = [0, 1.4, 0, 1];
    const boxes = sizes.map((size) => {
      if (x && x + size.width > limit) [x, y, shelf] = [0, y + shelf + 2.2, 0];
      const box = { ...size, x, y };
      x += size.width + 1;
      wide = Math.max(wide, x);
      shelf = Math.max(shelf, Math.ceil(size.members.length / size.width));
      return box;
    });
    const badness = Math.abs(Math.log(wide / (y + shelf) / SHAPE));
    if (!best || badness < best.badness) best = { boxes, badness };
  }
  return best.boxes;
}

/** A block of artworks for each value of a category, the largest first. */
async function byCategory(archive, matches, name) {
  const places = emptyPlaces(archive.count);
  const [codes, values] = await Promise.all([data.column(name), data.values(name)]);
  const groups = new Map();
  for (const n of shown(matches)) {
    const code = codes[n];
    if (!groups.has(code)) groups.set(code, []);
    groups.get(code).push(n);
  }
  const blocks = [...groups].sort((a, b) => b[1].length - a[1].length);
  const boxes = packed(blocks);
  const scale = 1 / Math.max(1, ...boxes.map((box) => box.x + box.width));
  const labels = boxes.map(({ code, members, width, x: left, y: top }) => {
    members.forEach((n, index) => {
      places[2 * n] = (left + (index % width) + 0.5) * scale;
      places[2 * n + 1] = (top + Math.floor(index / width) + 0.5) * scale;
    });
    const text = code ? values[code - 1][0] : "not given";
    return { x: (left + width / 2) * scale, y: (top - 0.2) * scale, text, size: members.length, above: true, span: (width + 0.8) * scale };
  });
  return { places, cell: scale, labels };
}

/** Layouts that only show what matches change with the filters; those of the archive do not. */
export const followsFilters = (name) => name === "list" || name === "time" || /^(by|time):/.test(name);

export async function layoutOf(archive, matches, name) {
  if (name === "list") return list(archive, matches);
  if (name === "time") return timeline(archive, shown(matches));
  if (name.startsWith("time:")) return timelines(archive, shown(matches), name.slice(5));
  if (name.startsWith("by:")) return byCategory(archive, matches, name.slice(3));
  const info = archive.layouts.find((item) => item.name === name);
  const places = await data.layout(name);
  return { places, cell: info?.kind === "grid" ? cellOf(places) : 0, labels: null };
}

/** The distance of neighboring places of a grid, estimated from the first row. */
function cellOf(places) {
  let best = Infinity;
  for (let n = 1; n < Math.min(places.length / 2, 4000); n++) {
    const step = Math.abs(places[2 * n] - places[2 * n - 2]) + Math.abs(places[2 * n + 1] - places[2 * n - 1]);
    if (step > 1e-7 && step < best) best = step;
  }
  return Number.isFinite(best) ? best : 0.02;
}

/** What a person may choose, [{name, label, group}]. */
export function choices(archive) {
  const own = archive.layouts.map((item) => ({ name: item.name, label: item.label || item.name }));
  const list = [...own, { name: "list", label: "List of matches" }];
  const hasYears = Boolean(yearColumn(archive));
  if (hasYears) list.push({ name: "time", label: "Timeline" });
  const columns = archive.columns.filter((column) => column.kind === "category" && column.values > 1 && column.values <= 5000);
  for (const { name, label } of columns) list.push({ name: `by:${name}`, label: `By ${label.toLowerCase()}` });
  if (!hasYears) return list;
  const group = "Several timelines";
  for (const { name, label } of columns) list.push({ name: `time:${name}`, label: `Time by ${label.toLowerCase()}`, group });
  for (const { name } of archive.clusters) list.push({ name: `time:cluster:${name}`, label: `Time by cluster (${name})`, group });
  return list;
}

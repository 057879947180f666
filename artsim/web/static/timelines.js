// Timelines: artworks stacked by period, on one axis or in a row for each value of a column. A layout as in layouts.js.

import * as data from "./data.js";
import { nameOf, numberOf } from "./labels.js";
import { yearColumn } from "./matches.js";

const GAP = 0.6; // cells between periods
const ROW_GAP = 2; // cells between rows, where their names stand
const MOST = 12; // rows of values; the rest share one
const SHAPE = 0.55; // height by width, at most
const SHAPE_OF_ROWS = 0.62; // height by width, about
const PERIODS = 40; // on the axis, about
const WIDEST = 40; // artworks beside each other in a row's stack
const NOTHING = { cell: 0.1, labels: [] };

/** Places of artworks, none of which is shown. */
export const emptyPlaces = (count) => new Float32Array(2 * count).fill(NaN);

/** Years of the artworks and the periods that they fall into, or null if none of `members` has a year. */
async function periodsOf(archive, members) {
  const column = yearColumn(archive);
  if (!column) return null;
  const year = await data.column(column.name, "number");
  const dated = members.filter((n) => Number.isFinite(year[n]));
  if (!dated.length) return null;
  const sorted = Float32Array.from(dated, (n) => year[n]).sort();
  // the earliest and latest hundredth are gathered at the ends, so that one antique does not stretch the axis
  const low = sorted[Math.floor(sorted.length * 0.01)];
  const high = sorted[Math.ceil(sorted.length * 0.99) - 1];
  const span = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000].find((size) => (high - low) / size <= PERIODS) ?? Math.max(2000, 10 ** Math.ceil(Math.log10((high - low) / PERIODS)));
  const first = Math.floor(low / span);
  const bins = Math.floor(high / span) - first + 1;
  const binOf = (n) => Math.min(bins - 1, Math.max(0, Math.floor(year[n] / span) - first));
  const textOf = (bin) => String((first + bin) * span);
  return { year, dated, bins, binOf, textOf };
}

/** The artworks of each period, the earliest first. */
function stacksOf(members, { year, bins, binOf }) {
  const stacks = Array.from({ length: bins }, () => []);
  for (const n of members) stacks[binOf(n)].push(n);
  for (const stack of stacks) stack.sort((a, b) => year[a] - year[b]);
  return stacks;
}

const tallestOf = (stacks) => Math.max(...stacks.map((stack) => stack.length));

/** How many artworks stand beside each other in a stack, so that `heightOf(wide)` cells are not too high. */
function widthOf(bins, heightOf) {
  let wide = 1;
  while (heightOf(wide) > SHAPE * bins * (wide + GAP)) wide++;
  return wide;
}

/** The same for rows, whose shape comes as near as possible to the wanted one. */
function bestWidth(bins, heightOf) {
  const badness = (wide) => Math.abs(Math.log(heightOf(wide) / (bins * (wide + GAP)) / SHAPE_OF_ROWS));
  const widths = Array.from({ length: WIDEST }, (_, index) => index + 1);
  return widths.reduce((best, wide) => (badness(wide) < badness(best) ? wide : best));
}

/** Puts stacks on a line at `base`; lengths are in cells. */
function stand(places, stacks, wide, base, cell) {
  stacks.forEach((stack, bin) => {
    stack.forEach((n, index) => {
      places[2 * n] = (bin * (wide + GAP) + (index % wide) + 0.5) * cell;
      places[2 * n + 1] = (base - Math.floor(index / wide) - 0.5) * cell;
    });
  });
}

/** The periods' names below a line; `sticks` keeps them in sight. */
const axisAt = (stacks, textOf, wide, base, cell, sticks = false) =>
  stacks.map((stack, bin) => ({ x: (bin * (wide + GAP) + wide / 2) * cell, y: (base + 0.4) * cell, text: textOf(bin), size: stack.length, below: true, sticks }));

/** A stack of artworks for each period, the earliest at the left. */
export async function timeline(archive, members) {
  const places = emptyPlaces(archive.count);
  const periods = await periodsOf(archive, members);
  if (!periods) return { places, ...NOTHING };
  const stacks = stacksOf(periods.dated, periods);
  const tallest = tallestOf(stacks);
  const wide = widthOf(periods.bins, (columns) => Math.ceil(tallest / columns));
  const cell = 1 / (periods.bins * (wide + GAP));
  const base = Math.ceil(tallest / wide);
  stand(places, stacks, wide, base, cell);
  return { places, cell, labels: axisAt(stacks, periods.textOf, wide, base, cell) };
}

/** The group of each artwork and the names of groups; `column` is that of a category, or `cluster:NAME`. */
async function groupsOf(column) {
  if (!column.startsWith("cluster:")) {
    const [codes, values] = await Promise.all([data.column(column), data.values(column)]);
    return { codes, nameOf: (code) => (code ? values[code - 1][0] : null), missing: "not given" };
  }
  const name = column.slice("cluster:".length);
  const [labels, info] = await Promise.all([data.clusterOf(name), data.clusterInfo(name)]);
  const names = new Map(info.map((cluster, index) => [numberOf(cluster, index), nameOf(cluster, numberOf(cluster, index))]));
  return { codes: labels, nameOf: (code) => (code >= 0 ? (names.get(code) ?? `Group ${code + 1}`) : null), missing: "in no cluster" };
}

/** The largest groups as rows [name, members], the earliest first, then the smaller ones together and those without. */
function rowsOf(members, { codes, nameOf: named, missing }, year) {
  const groups = new Map();
  for (const n of members) {
    if (!groups.has(codes[n])) groups.set(codes[n], []);
    groups.get(codes[n]).push(n);
  }
  const middle = (list) => Float32Array.from(list, (n) => year[n]).sort()[list.length >> 1];
  const known = [...groups].filter(([code]) => named(code) !== null).sort((a, b) => b[1].length - a[1].length);
  const shown = known.slice(0, known.length === MOST + 1 ? MOST + 1 : MOST);
  const medians = new Map(shown.map(([code, list]) => [code, middle(list)]));
  const rows = shown.sort((a, b) => medians.get(a[0]) - medians.get(b[0]) || b[1].length - a[1].length).map(([code, list]) => [named(code), list]);
  const others = known.slice(shown.length);
  if (others.length) rows.push([`${others.length} more`, others.flatMap(([, list]) => list)]);
  const without = [...groups].filter(([code]) => named(code) === null).flatMap(([, list]) => list);
  if (without.length) rows.push([missing, without]);
  return rows;
}

/** A timeline for each value of a column, below one another on the same axis. */
export async function timelines(archive, members, column) {
  const places = emptyPlaces(archive.count);
  const periods = await periodsOf(archive, members);
  if (!periods) return { places, ...NOTHING };
  const rows = rowsOf(periods.dated, await groupsOf(column), periods.year).map(([name, list]) => {
    const stacks = stacksOf(list, periods);
    return { name, count: list.length, stacks, tallest: tallestOf(stacks) };
  });
  const wide = bestWidth(periods.bins, (columns) => rows.reduce((sum, row) => sum + Math.ceil(row.tallest / columns) + ROW_GAP, 0));
  const cell = 1 / (periods.bins * (wide + GAP));
  const labels = [];
  let base = 0;
  for (const { name, count, stacks, tallest } of rows) {
    const top = base + ROW_GAP;
    base = top + Math.ceil(tallest / wide);
    stand(places, stacks, wide, base, cell);
    const earliest = stacks.findIndex((stack) => stack.length);
    labels.push({ x: earliest * (wide + GAP) * cell, y: (top - 0.15) * cell, text: `${name} · ${count}`, size: archive.count + count, above: true, row: true });
  }
  const all = stacksOf(periods.dated, periods);
  labels.push(...axisAt(all, periods.textOf, wide, base, cell, true));
  return { places, cell, labels };
}

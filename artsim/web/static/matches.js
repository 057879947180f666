// Which artworks match the words, filters, years and cluster of the state. Bit k of `fails[n]` says that artwork n
// fails constraint k, so that the counts of a facet can ignore the facet's own constraint.

import * as data from "./data.js";

/** Splits `column:value` at the first colon after the name; names of labels hold slashes, never colons. */
export function split(filter) {
  const at = filter.indexOf(":");
  return [filter.slice(0, at), filter.slice(at + 1)];
}

/** The year column of an archive, or undefined. */
export function yearColumn(archive) {
  const numbers = archive.columns.filter((column) => column.kind === "number");
  return numbers.find((column) => column.name === "year") ?? numbers.find((column) => column.name.startsWith("year"));
}

async function category(fails, bit, name, wanted) {
  const [codes, values] = await Promise.all([data.column(name), data.values(name)]);
  const chosen = new Uint8Array(65536);
  values.forEach(([value], index) => wanted.has(value) && (chosen[index + 1] = 1));
  if (wanted.has("")) chosen[0] = 1;
  for (let n = 0; n < codes.length; n++) if (!chosen[codes[n]]) fails[n] |= bit;
}

/** The first and last year of "1500-1600"; an end that is missing is open. Years before our era are negative. */
export function yearsOf(range) {
  const [, from, to] = /^(-?\d+)?-(-?\d+)?$/.exec(range ?? "") ?? [];
  return [from === undefined ? -Infinity : Number(from), to === undefined ? Infinity : Number(to)];
}

/** Lets those artworks through that may be of these years, as the server does. */
async function years(fails, bit, archive, range) {
  const [from, to] = yearsOf(range);
  const early = await data.column(yearColumn(archive).name, "number");
  const later = archive.columns.some((column) => column.name === "year_to") ? await data.column("year_to", "number") : early;
  for (let n = 0; n < early.length; n++) {
    const [first, last] = [Number.isFinite(early[n]) ? early[n] : later[n], Number.isFinite(later[n]) ? later[n] : early[n]];
    if (!(last >= from && first <= to)) fails[n] |= bit;
  }
}

async function words(fails, bit, q) {
  const ranked = await data.numbers(`/api/search?q=${encodeURIComponent(q)}&ids=1`);
  const found = new Uint8Array(fails.length);
  for (const n of ranked) found[n] = 1;
  for (let n = 0; n < fails.length; n++) if (!found[n]) fails[n] |= bit;
  return ranked;
}

async function cluster(fails, bit, text) {
  const at = text.lastIndexOf(":");
  const label = Number(text.slice(at + 1));
  const labels = await data.clusterOf(text.slice(0, at));
  for (let n = 0; n < labels.length; n++) if (labels[n] !== label) fails[n] |= bit;
}

/** Returns {fails, bits: {constraint name: bit}, count, ranked}; `ranked` are the matches of the words, best first. */
export async function matchesOf(archive, state) {
  const fails = new Uint32Array(archive.count);
  const bits = {};
  const tasks = [];
  let next = 1;
  const take = (name) => ((bits[name] = next), (next *= 2), bits[name]);
  const columns = new Map();
  for (const [name, value] of state.filter.map(split)) {
    if (!columns.has(name)) columns.set(name, new Set());
    columns.get(name).add(value);
  }
  for (const [name, wanted] of columns) tasks.push(category(fails, take(name), name, wanted));
  const year = yearColumn(archive);
  if (state.years && year) tasks.push(years(fails, take("years"), archive, state.years));
  if (state.cluster?.includes(":")) tasks.push(cluster(fails, take("cluster"), state.cluster));
  const ranking = state.q ? words(fails, take("q"), state.q) : null;
  await Promise.all(tasks);
  const ranked = await ranking;
  let count = 0;
  for (let n = 0; n < fails.length; n++) if (!fails[n]) count++;
  return { fails, bits, count, ranked, narrowed: next > 1 };
}

/** Counts the codes of a column among the artworks that pass every constraint but the column's own. */
export function countsOf(matches, name, codes, size) {
  const counts = new Uint32Array(size + 1);
  const keep = ~(matches.bits[name] ?? 0);
  for (let n = 0; n < codes.length; n++) if (!(matches.fails[n] & keep)) counts[codes[n]]++;
  return counts;
}

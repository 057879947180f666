// Makes the map follow the state: filters, layouts, colors, names, selection, the open artwork.

import * as data from "./data.js";
import { Camera } from "./camera.js";
import { tintsOf } from "./colors.js";
import { clusterLabels } from "./labels.js";
import { followsFilters, layoutOf } from "./layouts.js";
import { matchesOf } from "./matches.js";
import { readSelection } from "./selection.js";
import { session, during, update } from "./session.js";
import { state } from "./state.js";

const last = {};
let turn = 0;

/** Returns whether a value differs from the one of the same name before, and remembers it. */
function changed(name, value) {
  const text = JSON.stringify(value);
  const different = last[name] !== text;
  last[name] = text;
  return different;
}

export const layoutName = () => state.layout || session.archive.default?.layout || session.archive.layouts[0]?.name || "list";

/** The name of the clusters whose names stand on the map. */
export function shownClusters() {
  const { archive } = session;
  const asked = state.cluster?.includes(":") ? state.cluster.slice(0, state.cluster.lastIndexOf(":")) : state.color?.startsWith("cluster:") ? state.color.slice(8) : null;
  return asked ?? archive.default?.clusters ?? archive.clusters[0]?.name;
}

/** Draws the state; a later call overtakes an earlier one that still waits for data. */
export async function sync() {
  const mine = ++turn;
  await during(async () => {
    await filter(mine);
    if (mine !== turn) return;
    await Promise.all([openWork(), readSelection()]);
    mark();
    await Promise.all([color(), place(0, layoutName(), mine), state.layout2 && place(1, state.layout2, mine)]);
    if (!state.layout2 && session.map && changed("pane1", null)) session.map.paneCount(1);
  });
}

async function filter(mine) {
  const key = [state.q, state.filter, state.years, state.cluster];
  if (JSON.stringify(key) === last.filter) return;
  const matches = await matchesOf(session.archive, state);
  if (mine !== turn) return;
  changed("filter", key);
  update({ matches, generation: (session.generation ?? 0) + 1 });
}

async function openWork() {
  const id = state.work ?? null;
  if (!changed("work", id)) return;
  const open = id ? await data.numberOf(id).catch(() => -1) : -1;
  if (id && open < 0) throw new Error(`there is no artwork ${id.slice(0, 60)} in this archive`);
  update({ open, emphasised: [] });
  if (open >= 0 && session.map?.panes[0].after) session.map.reveal(open);
}

/** Tells the map which artworks match, are selected, emphasised and open. */
export function mark() {
  const { map, matches, selected, emphasised, open } = session;
  if (!map || !matches) return;
  const flags = new Uint8Array(session.archive.count);
  for (let n = 0; n < flags.length; n++) flags[n] = matches.fails[n] ? 0 : 1;
  for (const n of selected) flags[n] |= 2;
  for (const n of emphasised) flags[n] |= 4;
  if (open >= 0) flags[open] |= 8;
  map.mark(flags);
}

export function emphasise(numbers) {
  update({ emphasised: numbers });
  mark();
}

async function color() {
  if (!changed("color", state.color)) return;
  const { tints, legend } = await tintsOf(session.archive, state.color);
  session.map?.tint(tints);
  update({ legend });
}

async function place(number, name, mine) {
  const { map, archive, matches } = session;
  if (!map) return;
  if (number && map.panes.length < 2) {
    map.paneCount(2);
    changed("layout1", null);
    changed("pane1", true);
  }
  const clusters = shownClusters();
  const key = [name, followsFilters(name) ? session.generation : 0];
  const pane = map.panes[number];
  const [moves, renamed] = [changed(`layout${number}`, key), changed(`names${number}`, [key, clusters])];
  if (moves) {
    const layout = await layoutOf(archive, matches, name);
    if (mine !== turn) return changed(`layout${number}`, null);
    const view = !number && pane.name === null ? Camera.fromText(state.at) : null;
    const animate = pane.name !== null;
    pane.name = name;
    pane.own = layout.labels;
    pane.show(layout, view, animate);
    map.paintMinimaps();
    if (!view && session.open >= 0 && !animate) map.reveal(session.open);
  }
  if (moves || renamed) pane.labels.set(pane.own ?? (clusters ? await clusterLabels(clusters, pane.after).catch(() => []) : []));
  map.moved(pane);
}

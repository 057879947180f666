// Selected artworks: up to 50 are named in the address, more are kept by the server as a set.

import * as data from "./data.js";
import { during, session, update } from "./session.js";
import { change, state } from "./state.js";

const IN_ADDRESS = 50;
let written = "";

const keyOf = (state) => JSON.stringify([state.select, state.set ?? null]);

/** Reads the selection of the state, unless this page has just written it. */
export async function readSelection() {
  if (keyOf(state) === (written || '[[],null]')) return;
  written = keyOf(state);
  const numbers = state.set ? await data.numbers(`/api/sets/${encodeURIComponent(state.set)}`) : await Promise.all(state.select.map(data.numberOf));
  update({ selected: new Set(numbers) });
}

/** Selects these artworks; the map is drawn at once and the address follows. */
export async function select(numbers) {
  const selected = new Set(numbers);
  update({ selected });
  await during(async () => {
    let patch = { select: [], set: null };
    if (selected.size > IN_ADDRESS) {
      const answer = await data.post("/api/sets", { numbers: [...selected] });
      patch.set = (await answer.json()).set;
    } else {
      const records = await Promise.all([...selected].map(data.record));
      patch.select = records.map((record) => record.id);
    }
    if (session.selected !== selected) return; // selected anew meanwhile
    written = keyOf({ ...state, ...patch });
    change(patch);
  });
}

/** Adds, removes or replaces; returns nothing, as `select`. */
export function enclose(numbers, mode) {
  const next = mode === "replace" ? new Set() : new Set(session.selected);
  for (const n of numbers) mode === "remove" ? next.delete(n) : next.add(n);
  return select(next);
}

export function toggle(n) {
  return enclose([n], session.selected.has(n) ? "remove" : "add");
}

/** Saves artworks as a file: `kind` is csv, ids or iiif. */
export function save(numbers, kind) {
  return during(async () => {
    const answer = await data.post("/api/export", { numbers: [...numbers], as: kind });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = { csv: "artworks.csv", ids: "artworks.txt", iiif: "manifest.json" }[kind];
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}

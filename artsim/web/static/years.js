// The timeline: a histogram of the matching artworks' years with two handles.

import { html, useMemo, useState } from "./vendor/preact.js";
import * as data from "./data.js";
import { yearColumn, yearsOf } from "./matches.js";
import { useData } from "./parts.js";
import { session } from "./session.js";
import { change, state } from "./state.js";

const BINS = 48;

export function Years() {
  const column = yearColumn(session.archive);
  const [year] = useData(() => column && data.column(column.name, "number"), [column?.name]);
  const [draft, setDraft] = useState(null); // while a handle is dragged
  const span = useMemo(() => {
    if (!year) return null;
    const sorted = year.filter(Number.isFinite).sort();
    return sorted.length ? [sorted[Math.floor(sorted.length * 0.002)], sorted[sorted.length - 1]].map(Math.floor) : null;
  }, [year]);
  const bars = useMemo(() => span && session.matches && histogram(year, span), [span, session.generation]);
  if (!bars) return null;
  const [low, high] = span;
  const [from, to] = draft ?? (state.years ? yearsOf(state.years).map((value, index) => (Number.isFinite(value) ? value : span[index])) : span);
  const most = Math.max(1, ...bars);
  const set = (index, value) => {
    const next = [from, to];
    next[index] = index ? Math.max(value, from) : Math.min(value, to);
    setDraft(next);
  };
  const done = () => {
    if (!draft) return;
    setDraft(null);
    change({ years: draft[0] <= low && draft[1] >= high ? null : draft.join("-"), at: null });
  };
  const at = (index) => low + ((index + 0.5) / BINS) * (high - low);
  return html`<fieldset class="years">
    <legend>Years <output>${Math.round(from)} – ${Math.round(to)}</output></legend>
    <svg viewBox=${`0 0 ${BINS} 20`} preserveAspectRatio="none" aria-hidden="true">
      ${bars.map((value, index) => value > 0 && html`<rect x=${index + 0.1} width="0.8" y=${20 - Math.max(0.8, (20 * value) / most)} height=${Math.max(0.8, (20 * value) / most)} class=${at(index) >= from && at(index) <= to ? "in" : "out"} />`)}
    </svg>
    <div class="handles">
      ${[0, 1].map((index) => html`<input type="range" aria-label=${index ? "Latest year" : "Earliest year"} min=${low} max=${high} step="1" value=${[from, to][index]}
        onInput=${(event) => set(index, Number(event.target.value))} onChange=${done} onBlur=${done} />`)}
    </div>
  </fieldset>`;
}

/** Counts by period of the artworks that pass all but the years. */
function histogram(year, [low, high]) {
  const { fails, bits } = session.matches;
  const keep = ~(bits.years ?? 0);
  const bars = new Array(BINS).fill(0);
  for (let n = 0; n < year.length; n++) {
    if (fails[n] & keep || !Number.isFinite(year[n])) continue;
    bars[Math.max(0, Math.min(BINS - 1, Math.floor(((year[n] - low) / (high - low + 1)) * BINS)))]++;
  }
  return bars;
}

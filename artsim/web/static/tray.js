// The tray at the bottom of the map: what is selected and what can be done with it.

import { html } from "./vendor/preact.js";
import * as data from "./data.js";
import { Close, Thumb, count } from "./parts.js";
import { save, select } from "./selection.js";
import { session } from "./session.js";
import { isStatic } from "./source.js";
import { change } from "./state.js";

const SHOWN = 12;
const EXAMPLES = 20; // works at most that a search by several takes

export function Tray() {
  const numbers = [...session.selected];
  const alike = async () => {
    const records = await Promise.all(numbers.slice(0, EXAMPLES).map(data.record));
    change({ like: records.map((record) => record.id), unlike: [], work: null });
  };
  return html`<section class="tray" aria-label="Selection">
    <strong role="status">${count(numbers.length)} selected</strong>
    <div class="strip">${numbers.slice(0, SHOWN).map((n) => html`<${Thumb} key=${n} n=${n} caption=${false} />`)}</div>
    <div class="actions">
      <button type="button" onClick=${alike}>More like ${numbers.length > 1 ? "these" : "it"}</button>
      <button type="button" onClick=${() => save(numbers, "csv")}>Save as CSV</button>
      <button type="button" onClick=${() => save(numbers, "ids")}>Ids</button>
      ${!isStatic && html`<button type="button" onClick=${() => save(numbers, "iiif")}>IIIF</button>`}
      <${Close} press=${() => select([])} label="Clear the selection" />
    </div>
  </section>`;
}

// The side panel: how the map is arranged and colored, filters with counts, the timeline of years.

import { html, useMemo, useState } from "./vendor/preact.js";
import * as data from "./data.js";
import { choices as colorChoices } from "./colors.js";
import { choices as layoutChoices } from "./layouts.js";
import { countsOf, split } from "./matches.js";
import { Words, count, useData } from "./parts.js";
import { session } from "./session.js";
import { change, state } from "./state.js";
import { layoutName } from "./sync.js";
import { Years } from "./years.js";

const FIRST = 7; // values of a facet before "more"

export function Side() {
  const { archive, matches, legend } = session;
  const categories = archive.columns.filter((column) => column.kind === "category" && column.values > 1);
  const labels = archive.labels.flatMap(({ name, tasks }) => tasks.map((task) => ({ name: `label/${name}/${task}`, label: `Predicted ${task}` })));
  const layouts = layoutChoices(archive);
  return html`<div class="side-inner">
    <p class="total" role="status"><strong>${count(matches?.count ?? archive.count)}</strong> ${matches?.narrowed ? `of ${count(archive.count)} artworks` : "artworks"}</p>
    <${Chips} />
    ${matches?.narrowed && html`<button type="button" class="plain" onClick=${() => change({ layout: layoutName() === "list" ? null : "list", at: null })}>${layoutName() === "list" ? "Show on the map" : "Show as a list"}</button>`}
    <div class="choices">
      <label>Arrange<select aria-label="Arrange" value=${layoutName()} onChange=${(event) => change({ layout: event.target.value, at: null })}>
        <${Options} layouts=${layouts} /></select></label>
      ${state.layout2 && html`<label>Beside it<select aria-label="Beside it" value=${state.layout2} onChange=${(event) => change({ layout2: event.target.value })}>
        <${Options} layouts=${layouts} /></select></label>`}
      <label>Color<select aria-label="Color" value=${state.color ?? ""} onChange=${(event) => change({ color: event.target.value || null })}>
        <option value="">None</option>${colorChoices(archive).map(({ name, label }) => html`<option value=${name}>${label}</option>`)}</select></label>
    </div>
    ${legend && html`<ul class="legend" aria-label="Colors">${legend.map((item) => html`<li><${Swatch} color=${item.color} /><${Words} text=${item.text} most=${40} /></li>`)}</ul>`}
    <${Years} />
    ${[...categories, ...labels].map((column, index) => html`<${Facet} key=${column.name} column=${column} initial=${index < 2} />`)}
  </div>`;
}

/** Layouts to choose from, those of a group under its name. */
function Options({ layouts }) {
  const option = ({ name, label }) => html`<option value=${name}>${label}</option>`;
  const groups = [...new Set(layouts.map(({ group }) => group).filter(Boolean))];
  return html`${layouts.filter(({ group }) => !group).map(option)}${groups.map((name) => html`<optgroup label=${name}>${layouts.filter(({ group }) => group === name).map(option)}</optgroup>`)}`;
}

function Swatch({ color }) {
  return html`<i class="swatch" ref=${(node) => node && (node.style.background = color)}></i>`;
}

/** What narrows the map, each with a button that removes it. */
function Chips() {
  const chips = [];
  if (state.q) chips.push([`“${state.q}”`, { q: null }]);
  for (const filter of state.filter) chips.push([split(filter)[1] || "not given", { filter: state.filter.filter((other) => other !== filter) }]);
  if (state.years) chips.push([state.years.replace("-", "–"), { years: null }]);
  if (state.cluster?.includes(":")) chips.push([`Cluster ${state.cluster.replace(":", " ")}`, { cluster: null }]);
  if (!chips.length) return null;
  return html`<div class="chips">
    ${chips.map(([text, patch]) => html`<button type="button" class="chip" aria-label=${`Remove ${text.slice(0, 80)}`} onClick=${() => change(patch)}><${Words} text=${text} most=${40} /> ×</button>`)}
    ${chips.length > 1 && html`<button type="button" class="plain" onClick=${() => change({ q: null, filter: [], years: null, cluster: null })}>Clear all</button>`}
  </div>`;
}

function Facet({ column, initial }) {
  const chosen = new Set(state.filter.map(split).filter(([name]) => name === column.name).map(([, value]) => value));
  const [opened, setOpened] = useState(initial || chosen.size > 0);
  return html`<details class="facet" open=${opened} onToggle=${(event) => setOpened(event.target.open)}>
    <summary>${column.label}${chosen.size > 0 && html` <small>${chosen.size}</small>`}</summary>
    ${opened && html`<${Values} column=${column} chosen=${chosen} />`}
  </details>`;
}

function Values({ column, chosen }) {
  const { matches, generation } = session;
  const [more, setMore] = useState(false);
  const [part, setPart] = useState("");
  const [loaded] = useData(() => Promise.all([data.column(column.name), data.values(column.name)]), [column.name]);
  const counts = useMemo(() => loaded && matches && countsOf(matches, column.name, loaded[0], loaded[1].length), [loaded, generation]);
  if (!counts) return html`<p class="wait">Loading values…</p>`;
  const rows = loaded[1].map(([value], index) => ({ value, number: counts[index + 1] }));
  if (counts[0]) rows.push({ value: "", number: counts[0] });
  const words = part.trim().toLowerCase();
  const listed = rows.filter((row) => chosen.has(row.value) || (row.number > 0 && (!words || row.value.toLowerCase().includes(words))));
  listed.sort((a, b) => chosen.has(b.value) - chosen.has(a.value) || b.number - a.number);
  const shown = listed.slice(0, more || words ? 60 : FIRST);
  const most = Math.max(1, ...shown.map((row) => row.number));
  const flip = (value) => {
    const filter = `${column.name}:${value}`;
    change({ at: null, filter: chosen.has(value) ? state.filter.filter((other) => other !== filter) : [...state.filter, filter] });
  };
  return html`<div>
    ${rows.length > 12 && html`<input type="search" class="small" placeholder=${`Find ${column.label.toLowerCase()} …`} aria-label=${`Find ${column.label.toLowerCase()}`} value=${part} onInput=${(event) => setPart(event.target.value)} />`}
    <ul class="values">${shown.map(({ value, number }) => html`<li key=${value}><label>
      <i class="bar" ref=${(node) => node && (node.style.width = `${(100 * number) / most}%`)}></i>
      <input type="checkbox" checked=${chosen.has(value)} onChange=${() => flip(value)} />
      <span class="value">${value ? html`<${Words} text=${value} most=${60} />` : html`<em>not given</em>`}</span><small>${count(number)}</small>
    </label></li>`)}</ul>
    ${listed.length > FIRST && !words && html`<button type="button" class="plain" onClick=${() => setMore(!more)}>${more ? "Fewer" : `${count(listed.length - FIRST)} more`}</button>`}
  </div>`;
}

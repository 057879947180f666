// Groups of pictures of one artwork, side by side, the least certain first.

import { html, useState } from "./vendor/preact.js";
import * as data from "./data.js";
import { Words, count, nameOfRecord, open, percent, useData, useRecord } from "./parts.js";
import { enclose } from "./selection.js";
import { session } from "./session.js";

const PAGE = 30;

export function Duplicates() {
  const { archive } = session;
  const [name, setName] = useState(archive.duplicates[0]);
  const [pages, setPages] = useState(1);
  const [groups, failure] = useData(() => name && data.jsonOnce(`/api/duplicates/${encodeURIComponent(name)}`), [name]);
  if (!name) return html`<div class="page"><h1>Duplicates</h1><p>Nobody has looked for duplicates in this archive yet. <code>jobs.dedupe</code> does.</p></div>`;
  return html`<div class="page">
    <h1>Duplicates</h1>
    <p class="lead">Pictures that show the same artwork: copies, crops, black-and-white reproductions, framed photographs. The least certain groups come first.</p>
    ${archive.duplicates.length > 1 && html`<div class="choices row"><label>Search<select value=${name} onChange=${(event) => setName(event.target.value)}>${archive.duplicates.map((item) => html`<option value=${item}>${item}</option>`)}</select></label></div>`}
    ${failure && html`<p class="fault">${failure.message}</p>`}
    ${groups && html`<p>${count(groups.length)} groups</p>`}
    ${(groups ?? []).slice(0, pages * PAGE).map((group) => html`<section class="twins" key=${group.group} aria-label=${`Group ${group.group}`}>
      <header><span>${Number.isFinite(group.confidence) ? `${percent(group.confidence)} certain` : ""} · ${group.members.length} pictures</span>
        <button type="button" onClick=${() => enclose(group.members.map((member) => member.n), "add")}>Select</button></header>
      <div class="side-by-side">${group.members.slice(0, 12).map((member) => html`<${Twin} key=${member.n} n=${member.n} kept=${member.representative} />`)}</div>
    </section>`)}
    ${groups?.length > pages * PAGE && html`<button type="button" onClick=${() => setPages(pages + 1)}>Show more</button>`}
  </div>`;
}

function Twin({ n, kept }) {
  const record = useRecord(n);
  return html`<figure><button type="button" class="picture" onClick=${() => open(n)} aria-label=${nameOfRecord(record).slice(0, 200)}><img src=${data.image(n)} alt="" loading="lazy" /></button>
    <figcaption><${Words} text=${nameOfRecord(record)} most=${120} />${kept && html` <small class="badge">best picture</small>`}<br /><small><${Words} text=${record?.id ?? ""} most=${80} /></small></figcaption></figure>`;
}

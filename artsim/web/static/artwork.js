// The panel of one artwork: its picture, data, rights, link, clusters and the works most like it.

import { html, useState } from "./vendor/preact.js";
import * as data from "./data.js";
import { nameOf, numberOf } from "./labels.js";
import { Close, Icon, Thumb, Words, nameOfRecord, percent, useData, useRecord } from "./parts.js";
import { Patches } from "./patches.js";
import { Picture } from "./artwork_image.js";
import { toggle } from "./selection.js";
import { session } from "./session.js";
import { isStatic, own } from "./source.js";
import { change, state } from "./state.js";
import { emphasise } from "./sync.js";
import { Zoom } from "./zoom.js";

const OWN = new Set(["n", "id", "source", "title", "artist", "date", "year", "rights", "credit", "page_url", "image_url", "pages", "clusters", "labels", "topics", "metadata", "page", "fields", "year_from", "year_to", "date_text", "no_image"]);
const readable = (name) => name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());

export function Artwork() {
  const n = session.open;
  const [record, failure] = useData(() => data.fullRecord(n), [n]);
  const [zoomed, setZoomed] = useState(false);
  const close = () => change({ work: null, match: null });
  if (failure) return html`<div class="panel-inner"><header><${Close} press=${close} /></header><p class="fault">${failure.message}</p></div>`;
  if (!record) return html`<div class="panel-inner"><header><${Close} press=${close} /></header><p class="wait">Loading the artwork…</p></div>`;
  const { id } = record;
  const chosen = session.selected.has(n);
  const facts = Object.entries({ ...record, ...record.fields }).filter(([key, value]) => !OWN.has(key) && value !== null && value !== "" && typeof value !== "object");
  const date = record.date ?? record.date_text ?? record.year_from;
  return html`<article class="panel-inner" aria-label="Artwork">
    <header class="over"><${Close} press=${close} label="Close the artwork" /></header>
    <${Picture} n=${n} record=${record} press=${() => setZoomed(true)} />
    <h2><${Words} text=${record.title || id} /></h2>
    <p class="by">${record.artist && html`<button type="button" class="plain" onClick=${() => change({ filter: [`artist:${record.artist}`], q: null, at: null, tab: null })} title="Show all works of this artist"><${Words} text=${record.artist} most=${120} /></button>`}
      ${date && html`<span> · <${Words} text=${date} most=${60} /></span>`}</p>
    <div class="actions">
      <button type="button" onClick=${() => change({ like: [id], unlike: [], work: null })}><${Icon} name="plus" /> More like this</button>
      ${state.like.length > 0 && html`<button type="button" onClick=${() => change({ like: [...state.like, id], work: null })}>… like this too</button>
        <button type="button" onClick=${() => change({ unlike: [...state.unlike, id], work: null })}><${Icon} name="minus" /> Less like this</button>`}
      <button type="button" aria-pressed=${chosen} onClick=${() => toggle(n)}>${chosen ? "Selected ✓" : "Select"}</button>
      ${!isStatic && html`<button type="button" onClick=${() => change({ from: id, tab: "walk", work: null })}>Walk from here</button>`}
      ${!isStatic && state.from && state.from !== id && html`<button type="button" onClick=${() => change({ to: id, tab: "walk", work: null })}>Walk to here</button>`}
      <button type="button" onClick=${() => (change({ tab: null }), session.map.reveal(n))}>Find on the map</button>
    </div>
    <dl>
      ${facts.map(([key, value]) => html`<dt>${readable(key)}</dt><dd><${Words} text=${value} /></dd>`)}
      <dt>Rights</dt><dd><${Words} text=${record.rights || "not stated"} /></dd>
      ${record.credit && html`<dt>Credit</dt><dd><${Words} text=${record.credit} /></dd>`}
      <dt>Id</dt><dd><${Words} text=${id} most=${120} /></dd>
    </dl>
    ${/^https?:\/\//.test(record.page_url ?? "") && html`<p><a href=${record.page_url} target="_blank" rel="noopener noreferrer">At the museum <${Icon} name="out" /></a></p>`}
    ${record.page && html`<p><a href=${own(`../${record.page}`)}>The page of this artwork</a></p>`}
    <${Predicted} labels=${record.labels} />
    ${record.pages?.length > 1 && html`<section><h3>Pages of this work</h3><div class="thumbs">${record.pages.slice(0, 60).map((page) => html`<${Thumb} key=${page} n=${page} caption=${false} />`)}</div></section>`}
    <${Nearest} n=${n} />
    <${Groups} memberships=${record.clusters ?? []} />
    <${Other} metadata=${record.metadata} />
    ${state.match && !isStatic && html`<${Patches} />`}
    ${zoomed && html`<${Zoom} n=${n} title=${record.title || id} close=${() => setZoomed(false)} />`}
  </article>`;
}

function Predicted({ labels }) {
  if (!labels?.length) return null;
  return html`<section><h3>Predicted</h3><dl>${labels.map((label) => html`<dt>${readable(label.task)}</dt>
    <dd>${label.abstained ? html`<em>unsure</em>` : html`<${Words} text=${label.label} most=${80} />`} ${Number.isFinite(label.probability) && html`<small>${percent(label.probability)}</small>`}</dd>`)}</dl></section>`;
}

/** The nearest or farthest artworks by a chosen feature; the map frames them. */
function Nearest({ n }) {
  const { archive } = session;
  const features = state.features || archive.default?.features || archive.features[0];
  const [farthest, setFarthest] = useState(false);
  const [near, failure] = useData(async () => {
    if (!features) return [];
    const list = await data.jsonOnce(`/api/similar?n=${n}&k=24&features=${encodeURIComponent(features)}${farthest ? "&farthest=1" : ""}`);
    if (session.open === n) emphasise(farthest ? [] : list.slice(0, 12).map((item) => item.n));
    return list;
  }, [n, features, farthest]);
  if (!features) return null;
  return html`<section aria-busy=${!near}>
    <h3>${farthest ? "Least alike" : "Most alike"}</h3>
    <div class="choices slim">
      ${archive.features.length > 1 && html`<label>By<select value=${features} onChange=${(event) => change({ features: event.target.value })}>${archive.features.map((name) => html`<option value=${name}>${name}</option>`)}</select></label>`}
      ${!isStatic && html`<label class="check"><input type="checkbox" role="switch" checked=${farthest} onChange=${() => setFarthest(!farthest)} /> farthest</label>`}
    </div>
    ${failure && html`<p class="fault">${failure.message}</p>`}
    ${near?.length === 0 && html`<p class="note">No similar artworks: this artwork has no features.</p>`}
    <div class="thumbs votes">${(near ?? []).map((item) => html`<${Near} key=${item.n} n=${item.n} />`)}</div>
  </section>`;
}

/** A similar artwork, with a button that shows which parts of it match. */
function Near({ n }) {
  const record = useRecord(n);
  return html`<div><${Thumb} n=${n} />${!isStatic && session.archive.matching && record?.id && html`<button type="button" class="plain matches" aria-label=${`What matches in ${nameOfRecord(record).slice(0, 120)}`} onClick=${() => change({ match: record.id })}>what matches</button>`}</div>`;
}

/** The clusters that hold the artwork, with their exemplars. */
function Groups({ memberships }) {
  const [found] = useData(() => Promise.all(memberships.filter((item) => item.cluster >= 0).map(async ({ name, cluster }) => {
    const info = await data.clusterInfo(name);
    return { name, cluster, info: info.find((item, index) => numberOf(item, index) === cluster) };
  })), [memberships]);
  if (!found?.length) return null;
  return html`<section><h3>Clusters</h3>${found.map(({ name, cluster, info }) => html`<button type="button" class="group" onClick=${() => change({ cluster: `${name}:${cluster}`, work: null, tab: null, at: null })}>
    <span class="faces">${(info?.exemplars ?? []).slice(0, 4).map((face) => html`<img key=${face} src=${data.thumbnail(face)} alt="" loading="lazy" />`)}</span>
    <span><strong><${Words} text=${info ? nameOf(info, cluster) : `Group ${cluster + 1}`} most=${80} /></strong><small>${name} · ${info?.size ?? "?"} artworks</small></span></button>`)}</section>`;
}

function Other({ metadata }) {
  const rows = Object.entries(metadata ?? {}).filter(([, value]) => value !== null && value !== "");
  if (!rows.length) return null;
  return html`<details><summary>More from the catalog</summary><dl>${rows.slice(0, 60).map(([key, value]) => html`<dt><${Words} text=${readable(key)} most=${40} /></dt>
    <dd><${Words} text=${typeof value === "object" ? JSON.stringify(value) : value} /></dd>`)}</dl></details>`;
}

// The browser of clusters: each with its exemplars, sorted by size, novelty or variance.

import { html, useState } from "./vendor/preact.js";
import * as data from "./data.js";
import { nameOf, numberOf } from "./labels.js";
import { Thumb, Words, count, useData } from "./parts.js";
import { session } from "./session.js";
import { change, state } from "./state.js";

const ORDERS = {
  size: ["Largest first", (cluster) => -cluster.size],
  small: ["Smallest first", (cluster) => cluster.size],
  novelty: ["Most novel first", (cluster) => -(cluster.novelty ?? -1)],
  year: ["Widest span of years first", (cluster) => -(cluster.variances?.year ?? -1)],
  artist: ["Most artists first", (cluster) => -(cluster.variances?.artist ?? -1)],
  place: ["Most places first", (cluster) => -(cluster.variances?.place ?? -1)],
};
const PAGE = 40;

export function Clusters() {
  const { archive } = session;
  const named = state.cluster?.split(":")[0];
  const name = archive.clusters.some((item) => item.name === named) ? named : archive.default?.clusters ?? archive.clusters[0]?.name;
  const [order, setOrder] = useState("size");
  const [pages, setPages] = useState(1);
  const [info, failure] = useData(() => name && data.clusterInfo(name), [name]);
  if (!name) return html`<div class="page"><h1>Clusters</h1><p>This archive has no clusters yet. <code>jobs.cluster</code> makes them.</p></div>`;
  const list = [...(info ?? [])].map((cluster, index) => ({ ...cluster, label: numberOf(cluster, index) })).sort((a, b) => ORDERS[order][1](a) - ORDERS[order][1](b));
  const about = archive.clusters.find((item) => item.name === name);
  const orders = Object.entries(ORDERS).filter(([key]) => ["size", "small"].includes(key) || list.some((item) => (key === "novelty" ? item.novelty : item.variances?.[key]) > 0));
  return html`<div class="page">
    <h1>Clusters</h1>
    <p class="lead">Groups of artworks that look alike, found in ${about.name} (${about.method}): ${count(about.count)} groups; ${count(about.noise)} artworks belong to none.</p>
    <div class="choices row">
      ${archive.clusters.length > 1 && html`<label>Clusters<select value=${name} onChange=${(event) => change({ cluster: event.target.value })}>${archive.clusters.map((item) => html`<option value=${item.name}>${item.name}</option>`)}</select></label>`}
      <label>Order<select value=${order} onChange=${(event) => setOrder(event.target.value)}>${orders.map(([key, [label]]) => html`<option value=${key}>${label}</option>`)}</select></label>
    </div>
    ${failure && html`<p class="fault">${failure.message}</p>`}
    <div class="cards">${list.slice(0, pages * PAGE).map((cluster) => html`<${Card} key=${cluster.label} name=${name} cluster=${cluster} />`)}</div>
    ${list.length > pages * PAGE && html`<button type="button" onClick=${() => setPages(pages + 1)}>Show ${Math.min(PAGE, list.length - pages * PAGE)} more of ${count(list.length)}</button>`}
  </div>`;
}

function Card({ name, cluster }) {
  const { label, variances = {} } = cluster;
  const show = () => change({ cluster: `${name}:${label}`, tab: null, at: null });
  const facts = [
    ["Artists", cluster.artists],
    ["Styles", cluster.styles],
    ["Periods", cluster.periods],
  ].filter(([, list]) => list?.length);
  return html`<section class="card" aria-label=${nameOf(cluster, label).slice(0, 100)}>
    <div class="thumbs faces">${(cluster.exemplars ?? []).slice(0, 5).map((n) => html`<${Thumb} key=${n} n=${n} caption=${false} />`)}</div>
    <h2><button type="button" class="plain" onClick=${show}><${Words} text=${nameOf(cluster, label)} most=${80} /></button></h2>
    <p class="note">${count(cluster.size)} artworks${Number.isFinite(cluster.novelty) ? ` · novelty ${cluster.novelty.toFixed(2)}` : ""}${variances.year > 0 ? ` · ± ${Math.round(variances.year)} years` : ""}</p>
    <dl>${facts.map(([title, list]) => html`<dt>${title}</dt><dd>${list.map(({ value, count: number }, index) => html`${index > 0 && ", "}<${Words} text=${value} most=${40} /> <small>${number}</small>`)}</dd>`)}</dl>
    <button type="button" onClick=${show}>Show on the map</button>
  </section>`;
}

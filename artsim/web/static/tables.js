// What the archive holds: its tables with their rows, the latest reports of the jobs, its pictures.

import { html } from "./vendor/preact.js";
import * as data from "./data.js";
import { Words, count, useData } from "./parts.js";
import { session } from "./session.js";

/** A readable date of a report's name, 20261130T143150.242977Z. */
const dateOf = (at) => String(at ?? "").replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d).*/, "$1-$2-$3 $4:$5");
const HEADINGS = { rows_in: "Rows read", rows_out: "Rows written" };
const heading = (key) => HEADINGS[key] ?? key.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());
const number = (value) => (Number.isFinite(value) ? count(value) : "");

export function Tables() {
  const [stored, failure] = useData(() => data.json("/api/tables"), []);
  const [reports] = useData(() => data.json("/api/reports").catch(() => []), []);
  const [pictures] = useData(() => data.json("/api/pictures").catch(() => []), []);
  return html`<div class="page">
    <h1>The archive</h1>
    <p class="lead">${session.archive.name}: ${count(session.archive.count)} artworks on this page${session.archive.rights === "public" ? ", only those in the public domain" : ""}.</p>
    ${failure && html`<p class="fault">${failure.message}</p>`}
    <h2>Tables</h2><${Table} what="tables" rows=${stored?.tables.map(({ bytes, ...row }) => ({ ...row, megabytes: Math.round(bytes / 1e5) / 10 }))} />
    <h2>Latest runs</h2><${Table} what="runs" rows=${reports?.map(({ at, job, action, ...report }) => ({ job: action ? `${job}: ${action}` : job, ...report, when: dateOf(at) }))} />
    ${pictures?.length > 0 && html`<h2>Pictures</h2><div class="cards">${pictures.map((item) => item.name ?? item).map((name) => html`<figure class="card"><img src=${`/api/pictures/${encodeURIComponent(name)}`} alt=${name} loading="lazy" /><figcaption><${Words} text=${name} /></figcaption></figure>`)}</div>`}
  </div>`;
}

/** Rows of one kind, a column for each key whose values are plain. */
function Table({ rows, what }) {
  if (!rows) return html`<p class="wait" role="status">Loading ${what}…</p>`;
  if (!rows.length) return html`<p>None yet.</p>`;
  const keys = [...new Set(rows.flatMap(Object.keys))].filter((key) => rows.some((row) => row[key] !== undefined && row[key] !== null && typeof row[key] !== "object"));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table"><table class="inventory"><thead><tr>${keys.map((key) => html`<th scope="col" class=${typeof rows[0][key] === "number" ? "number" : ""}>${heading(key)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${keys.map((key) => html`<td class=${typeof row[key] === "number" ? "number" : ""}>${typeof row[key] === "number" ? number(row[key]) : html`<${Words} text=${row[key] ?? ""} most=${100} />`}</td>`)}</tr>`)}</tbody></table></div>`;
}

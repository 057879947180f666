// Evaluations, trainings and sweeps of the archive as tables and plots.

import { html, useState } from "./vendor/preact.js";
import * as data from "./data.js";
import { Curves, DotPlot, short } from "./plots.js";
import { Words, count, useData } from "./parts.js";
import { session } from "./session.js";
import { change, state } from "./state.js";
import { Sweep } from "./sweeps.js";

const KINDS = {
  new_groups: "New groups",
  new_images: "New images",
  new_annotations: "New annotations of known images",
  untrained: "All annotations",
  seen: "Annotations seen in training",
};
const SCORES = {
  before_seen: ["before, seen", { hollow: true, weak: true }],
  after_seen: ["after, seen", { weak: true }],
  before: ["before", { hollow: true }],
  after: ["after", {}],
};
const GAINS = { gain: "gain", against_first: "against row 1" };
const CHANCE = 4.5; // the meanrank of a guess

/** What may be chosen: [address, label, path of the API]. */
function choicesOf({ evaluation, models, sweeps }) {
  const part = encodeURIComponent;
  return [
    ...(evaluation ? [["evaluation", "Evaluation", "/api/runs/evaluation"]] : []),
    ...sweeps.map((name) => [`sweep:${name}`, `Sweep ${name}`, `/api/runs/sweeps/${part(name)}`]),
    ...models.map((name) => [`model:${name}`, `Training of ${name}`, `/api/runs/models/${part(name)}`]),
  ];
}

export function Runs() {
  const [listed, fault] = useData(() => data.json("/api/runs"), []);
  const choices = listed ? choicesOf(listed) : [];
  const isUnknown = Boolean(listed && state.run && !choices.some(([address]) => address === state.run));
  const [run, , path] = (state.run ? choices.find(([address]) => address === state.run) : choices[0]) ?? [];
  const [loaded, failure] = useData(async () => (path ? { run, content: await data.json(path) } : null), [path]);
  const View = { evaluation: Evaluation, sweep: SweepView, model: Training }[run?.split(":")[0]];
  return html`<div class="page" aria-busy=${!listed || (path && !loaded && !failure)}>
    <h1>Runs</h1>
    <p class="lead">How well features and models match the curators' judgment, and how the models learned it. Meanrank: 1 is perfect, 4.5 is chance; lower is better.</p>
    ${listed && !choices.length && html`<p>There are no runs to show: <code>jobs.train</code>, <code>jobs.evaluate</code> and <code>jobs.tune</code> make them${session.archive.rights === "public" ? ", and a page of public works shows none" : ""}.</p>`}
    ${choices.length > 0 && html`<div class="choices row"><label>Run<select value=${run ?? ""} onChange=${(event) => change({ run: event.target.value, trial: null })}>${isUnknown && html`<option value="">choose a run</option>`}${choices.map(([address, label]) => html`<option value=${address}>${label}</option>`)}</select></label></div>`}
    ${isUnknown && html`<p class="fault">There is no such run.</p>`}
    ${(fault ?? failure) && html`<p class="fault">${(fault ?? failure).message}</p>`}
    ${run && loaded?.run === run && View && html`<${View} key=${run} run=${loaded.content} />`}
  </div>`;
}

const SweepView = ({ run }) => html`<${Sweep} sweep=${run} />`;

function Evaluation({ run }) {
  return html`${run.tables.map(({ kind, rows }) => html`<${Ranks} key=${kind} title=${KINDS[kind] ?? kind} rows=${rows} of=${run.annotations[kind]} />`)}
    <p class="hint">By <${Words} text=${run.annotators} most=${200} />; ${run.metric} distance. Whiskers and brackets are 95% intervals. Seen: the model was trained on these annotations, so this is no evidence. Gain: how much lower the meanrank is after training; against row 1: how much lower than that of the first row.</p>
    ${run.remarks.map((remark) => html`<p class="hint"><${Words} text=${remark} most=${600} /></p>`)}
    ${run.links.rows.length > 0 && html`<${Links} links=${run.links} />`}`;
}

/** A table of meanranks and its plot. */
function Ranks({ title, rows, of }) {
  const columns = [...Object.keys(SCORES), ...Object.keys(GAINS)].filter((name) => rows.some((row) => row[name]));
  const plotted = rows.map((row) => ({ label: row.label, dots: Object.entries(SCORES).filter(([name]) => row[name]).map(([name, [text, look]]) => ({ name: text, ...row[name], ...look })) }));
  return html`<section><h2>${title}${Number.isFinite(of) && html` <small>${count(of)} annotations</small>`}</h2>
    <${Legend} shown=${Object.entries(SCORES).filter(([name]) => columns.includes(name)).map(([, look]) => look)} />
    <${DotPlot} label=${`Meanrank, ${title}`} title="meanrank" rows=${plotted} mark=${{ value: CHANCE, text: "chance" }} from=${1} />
    <${Scores} rows=${rows} columns=${columns.map((name) => [name, SCORES[name]?.[0] ?? GAINS[name]])} /></section>`;
}

const Legend = ({ shown }) => html`<ul class="legend">${shown.map(([text, { hollow, weak }]) => html`<li><svg viewBox="0 0 28 12" width="28" height="12" aria-hidden="true"><g class=${`dot ${hollow ? "hollow" : ""} ${weak ? "weak" : ""}`}><path d="M1,6H27" /><circle cx="14" cy="6" r="4.5" /></g></svg> ${text}</li>`)}</ul>`;

/** Scores with their intervals, a row for each system. */
function Scores({ rows, columns }) {
  const cell = (score, signed) => {
    if (!score) return "";
    const digits = Math.abs(score.value) < 20 ? 2 : 0;
    const text = (value) => (Number.isFinite(value) ? `${signed && value > 0 ? "+" : ""}${value.toFixed(digits).replace("-", "−")}` : "");
    const interval = Number.isFinite(score.low) && Number.isFinite(score.high) ? `[${text(score.low)}, ${text(score.high)}]` : "too few";
    const extra = Number.isFinite(score.p) ? `p ${score.p < 0.001 ? "< 0.001" : `= ${score.p.toFixed(3)}`}` : Number.isFinite(score.n) ? `n = ${count(score.n)}` : "";
    return html`<strong>${text(score.value)}</strong> <small>${interval}<br />${extra}</small>`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Scores"><table><thead><tr><th scope="col">system</th>${columns.map(([, text]) => html`<th scope="col" class="number">${text}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr><th scope="row" class="system"><strong><${Words} text=${row.label} most=${80} /></strong><small><${Words} text=${row.note} most=${160} /></small></th>${columns.map(([name]) => html`<td class="number">${cell(row[name], name in GAINS)}</td>`)}</tr>`)}</tbody></table></div>`;
}

/** Where linked artworks rank among the whole archive. */
function Links({ links }) {
  const groups = Object.entries({ held_out: "Queries that no model was trained on", seen: "Queries seen in training" }).filter(([name]) => links.rows.some((row) => row[name]));
  const measures = [...new Set(links.rows.flatMap((row) => groups.flatMap(([name]) => Object.keys(row[name] ?? {}))))];
  const [measure, setMeasure] = useState(measures.includes("mAP") ? "mAP" : measures[0]);
  return html`<section><h2>Links <small>${count(links.counts.links ?? 0)} links, ${count(links.counts.queries ?? 0)} queries</small></h2>
    <div class="choices row"><label>Measure<select value=${measure} onChange=${(event) => setMeasure(event.target.value)}>${measures.map((name) => html`<option value=${name}>${name}</option>`)}</select></label></div>
    ${groups.map(([group, title]) => {
      const rows = links.rows.filter((row) => row[group]).map((row) => ({ label: row.label, note: row.note, ...row[group] }));
      return html`<h3>${title}</h3><${DotPlot} label=${`${measure}, ${title}`} title=${measure} rows=${rows.map((row) => ({ label: row.label, dots: row[measure] ? [{ name: measure, ...row[measure], weak: group === "seen" }] : [] }))} />
        <${Scores} rows=${rows} columns=${measures.map((name) => [name, name])} />`;
    })}</section>`;
}

function Training({ run }) {
  const { history, measure } = run;
  const [picked, pick] = useState(-1);
  const inFolds = run.split === "folds";
  const values = (name) => history.map((epoch) => epoch[name]);
  const say = (index) => {
    const epoch = history[index];
    const interval = Number.isFinite(epoch.low) ? ` (95% interval ${short(epoch.low)} to ${short(epoch.high)})` : "";
    return `Epoch ${epoch.epoch ?? index + 1}: ${measure ? `${measure} ${short(epoch[measure])}${interval}, ` : ""}loss ${short(epoch.loss)}${index + 1 === run.best_epoch ? (inFolds ? "; the model was trained this long" : "; the best") : ""}`;
  };
  if (!history.length) return html`<p>This model has no epochs: nothing was trained step by step.</p>`;
  const shared = { picked, pick, say, best: run.best_epoch };
  return html`<p>${count(run.counts.annotations ?? run.counts.training ?? 0)} annotations, ${history.length} ${history.length === 1 ? "epoch" : "epochs"}${!run.best_epoch ? "" : inFolds ? `; the model was trained for ${run.best_epoch}, the median of the folds' best` : `; the best was epoch ${run.best_epoch}`}. ${inFolds ? "The curves are means over the folds of the cross-validation." : ""}</p>
    ${measure && html`<h3>${measure} on validation, with its 95% interval</h3><${Curves} label=${`${measure} after each epoch`} title=${measure} lines=${[{ values: values(measure), low: values("low"), high: values("high"), color: "var(--accent)" }]} ...${shared} />`}
    <h3>Loss in training</h3><${Curves} label="Loss after each epoch" title="loss" lines=${[{ values: values("loss"), color: "var(--accent)" }]} ...${shared} />`;
}

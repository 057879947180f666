// The trials of a sweep: points by two settings, parallel axes, curves and a table; all show the same chosen trial.

import { html, useState } from "./vendor/preact.js";
import { ramp } from "./colors.js";
import { Across, Curves, Down, Plot, axisOf, short, textOf } from "./plots.js";
import { Words, count } from "./parts.js";
import { change, state } from "./state.js";

const FEW = 15; // trials in the table at first
const LINES = 300; // trials whose curves are drawn
const MEASURES = { top1: "top-1 accuracy" }; // their names

/** The color of a share from 0 to 1, the best; the ends of the ramp are left out, for they are hard to see as lines. */
const colorOf = (share) => `rgb(${ramp(0.18 + 0.74 * Math.max(0, Math.min(1, share))).join(",")})`;

/** The quantities of a trial that can be an axis: its settings and its results. */
function quantitiesOf({ parameters, measure }) {
  return [
    ...parameters.map((parameter, index) => ({ ...parameter, of: (trial) => trial.values[index] })),
    { name: MEASURES[measure] ?? measure, isScore: true, of: (trial) => trial.score },
    { name: "epochs", of: (trial) => trial.epochs },
    { name: "seconds", of: (trial) => trial.seconds },
  ].map((quantity, index) => ({ ...quantity, key: String(index) }));
}

export function Sweep({ sweep }) {
  const { trials, parameters, higher_is_better: isHigherBetter } = sweep;
  const measure = MEASURES[sweep.measure] ?? sweep.measure;
  const [over, setOver] = useState(-1);
  const [all, setAll] = useState(false);
  const kept = trials.findIndex((trial) => String(trial.number) === state.trial);
  const picked = over >= 0 ? over : kept;
  const press = (index) => change({ trial: String(trials[index].number) });
  const quantities = quantitiesOf(sweep);
  const named = (name) => quantities.find((quantity) => quantity.name === name && parameters.some((parameter) => parameter.name === name));
  const [x, setX] = useState((named("m") ?? quantities[0]).key);
  const [y, setY] = useState((named("m2") ?? quantities[Math.min(1, parameters.length)]).key);
  if (!trials.length) return html`<p>No trial of this sweep has finished yet.</p>`;
  const [best, worst] = [trials[0].score, trials.at(-1).score];
  const inside = trials.filter(({ score }) => (isHigherBetter ? score >= (trials[0].low ?? best) : score <= (trials[0].high ?? best))).length;
  // the best trials are yellow; outliers do not use up the color range
  const limit = trials[Math.floor((trials.length - 1) * 0.9)].score;
  const color = (trial) => colorOf(1 - (trial.score - best) / (limit - best || 1));
  const say = (index) => {
    const trial = trials[index];
    const settings = parameters.map((parameter, at) => `${parameter.name} ${textOf(parameter, trial.values[at])}`).join(", ");
    const interval = Number.isFinite(trial.low) && Number.isFinite(trial.high) ? ` (${short(trial.low)} to ${short(trial.high)})` : "";
    const epochs = Number.isFinite(trial.epochs) ? `, ${trial.epochs} epochs` : "";
    return `Trial ${trial.number}: ${measure} ${trial.score.toFixed(3)}${interval}, ${settings}${epochs}${index ? "" : "; the best"}`;
  };
  const shared = { count: trials.length, picked, pick: setOver, press, say };
  const choice = (label, value, set) => html`<label>${label}<select value=${value} onChange=${(event) => set(event.target.value)}>${quantities.map(({ key, name }) => html`<option value=${key}>${name}</option>`)}</select></label>`;
  return html`<div onPointerLeave=${() => setOver(-1)}>
    <p>${count(trials.length)} ${trials.length === 1 ? "trial" : "trials"}. The best ${measure} is ${best.toFixed(3)} (95% interval ${short(trials[0].low)} to ${short(trials[0].high)}). ${inside === trials.length ? "All trials lie in this interval, so none is shown to be better" : `${inside - 1 || "No"} other ${inside === 2 ? "trial lies" : "trials lie"} in this interval`}.
      ${sweep.damaged > 0 && ` ${count(sweep.damaged)} could not be read.`}${sweep.left_out > 0 && ` ${count(sweep.left_out)} more are not shown.`}</p>
    <h3>Settings and scores</h3>
    <div class="choices row">${choice("Across", x, setX)}${choice("Up", y, setY)}<${Scale} measure=${measure} best=${best} worst=${isHigherBetter ? Math.max(worst, limit) : Math.min(worst, limit)} /></div>
    <${Scatter} trials=${trials} x=${quantities[Number(x)]} y=${quantities[Number(y)]} color=${color} ...${shared} />
    ${parameters.length > 1 && html`<h3>All settings at once</h3><${Parallel} trials=${trials} quantities=${quantities.slice(0, parameters.length + 1)} color=${color} isHigherBetter=${isHigherBetter} ...${shared} />`}
    ${trials.some((trial) => trial.curve.length > 1) && html`<h3>Training curves</h3><${Curves} label=${`The ${measure} of each trial after each epoch`} title=${measure} lines=${trials.slice(0, LINES).map((trial) => ({ values: trial.curve, every: trial.every, color: color(trial) }))} picked=${picked < LINES ? picked : -1} pick=${setOver} press=${press} say=${say} />`}
    <h3>Best trials</h3>
    <div class="scroll" tabindex="0" role="region" aria-label="Best trials"><table class="trials"><thead><tr><th scope="col">trial</th>${parameters.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}${[measure, "95% interval", "best epoch", "epochs", "seconds"].map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
      <tbody>${trials.slice(0, all ? trials.length : FEW).map((trial, index) => html`<tr key=${trial.number} class=${index === picked ? "now" : ""} aria-current=${index === kept || undefined} onPointerEnter=${() => setOver(index)}>
        <th scope="row"><button type="button" class="plain" onClick=${() => press(index)}>${trial.number}</button></th>
        ${parameters.map((parameter, at) => html`<td class="number"><${Words} text=${textOf(parameter, trial.values[at])} most=${40} /></td>`)}
        <td class="number">${trial.score.toFixed(3)}</td><td class="number range">${short(trial.low)} – ${short(trial.high)}</td><td class="number">${trial.best_epoch ?? ""}</td><td class="number">${trial.epochs ?? ""}</td><td class="number">${short(trial.seconds)}</td></tr>`)}</tbody></table></div>
    ${trials.length > FEW && html`<button type="button" aria-expanded=${all} onClick=${() => setAll(!all)}>${all ? "Show the best only" : `Show all ${count(trials.length)}`}</button>`}
  </div>`;
}

/** What the colors mean. */
const Scale = ({ measure, best, worst }) => html`<span class="scale"><span>${best.toFixed(2)}</span><svg viewBox="0 0 120 10" width="120" height="10" role="img" aria-label=${`Colors of ${measure}, the best is yellow`}>${Array.from({ length: 24 }, (_, index) => html`<rect x=${index * 5} width="5.5" height="10" fill=${colorOf(1 - index / 23)} />`)}</svg><span>${worst.toFixed(2)} ${measure}</span></span>`;

function Scatter({ trials, x, y, color, ...rest }) {
  const [across, up] = [x, y].map((quantity) => axisOf(trials.map(quantity.of), quantity));
  const draw = (width, height) => {
    const [left, right, top, bottom] = [56, width - 16, 26, height - 42];
    const points = trials.map((trial, index) => ({ trial, index })).filter(({ trial }) => [x, y].every((quantity) => Number.isFinite(quantity.of(trial))));
    // the chosen one and the best are drawn last, over the others
    points.sort((a, b) => (a.index === rest.picked) - (b.index === rest.picked) || b.index - a.index);
    return html`<${Down} axis=${up} left=${left} right=${right} top=${top} bottom=${bottom} title=${y.name} /><${Across} axis=${across} left=${left} right=${right} top=${top} bottom=${bottom} title=${x.name} />
      ${points.map(({ trial, index }) => html`<circle key=${trial.number} class=${`trial ${index ? "" : "best"} ${index === rest.picked ? "now" : ""}`} cx=${left + across.place(x.of(trial)) * (right - left)} cy=${bottom - up.place(y.of(trial)) * (bottom - top)} r=${index === rest.picked ? 9 : index ? 6 : 7.5} fill=${color(trial)} onPointerEnter=${() => rest.pick(index)} onClick=${() => rest.press(index)} />`)}`;
  };
  return html`<${Plot} label=${`Trials by ${x.name} and ${y.name}`} height=${380} ...${rest} draw=${draw} />`;
}

function Parallel({ trials, quantities, color, isHigherBetter, ...rest }) {
  const axes = quantities.map((quantity) => axisOf(trials.map(quantity.of), quantity));
  const draw = (width, height) => {
    const [left, right, top, bottom] = [44, width - 44, 34, height - 16];
    const across = (at) => left + (at / (axes.length - 1)) * (right - left);
    const y = (at, value) => bottom - (quantities[at].isScore && !isHigherBetter ? 1 - axes[at].place(value) : axes[at].place(value)) * (bottom - top); // the best is at the top
    const path = (trial) => quantities.reduce((text, quantity, at) => (Number.isFinite(quantity.of(trial)) ? `${text}${text ? "L" : "M"}${across(at)},${y(at, quantity.of(trial))}` : text), "");
    const order = trials.map((trial, index) => ({ trial, index })).sort((a, b) => (a.index === rest.picked) - (b.index === rest.picked) || b.index - a.index);
    return html`${order.map(({ trial, index }) => html`<g key=${trial.number} class=${`curve ${rest.picked >= 0 && index !== rest.picked ? "dim" : ""} ${index === rest.picked ? "now" : ""}`}><path d=${path(trial)} stroke=${color(trial)} /><path class="reach" d=${path(trial)} onPointerEnter=${() => rest.pick(index)} onClick=${() => rest.press(index)} /></g>`)}
      <g class="axis upright">${axes.map((axis, at) => html`<path d=${`M${across(at)},${top}V${bottom}`} /><text class="title" x=${across(at)} y=${top - 16} text-anchor="middle">${quantities[at].name}</text>
        ${axis.ticks.map(([value, text]) => html`<text class="halo" x=${across(at) + 6} y=${y(at, value) + 4}>${text}</text>`)}`)}</g>`;
  };
  return html`<${Plot} label="Trials on parallel axes, one for each setting and the score" height=${320} ...${rest} draw=${draw} />`;
}

// A walk from one artwork to another, as a strip that plays.

import { html, useEffect, useState } from "./vendor/preact.js";
import * as data from "./data.js";
import { Icon, Thumb, Words, nameOfRecord, open, useData, useRecord } from "./parts.js";
import { session } from "./session.js";
import { change, state } from "./state.js";
import { emphasise } from "./sync.js";

const PAUSE = 1800; // milliseconds that a step stays

export function Walk() {
  const { archive } = session;
  const features = state.features || archive.default?.features || archive.features[0];
  const steps = Math.max(3, Math.min(30, Number(state.steps) || 9));
  const [ends] = useData(() => Promise.all([state.from, state.to].map((id) => (id ? data.numberOf(id).catch(() => -1) : -1))), [state.from, state.to]);
  const [walk, failure] = useData(async () => {
    if (!ends || ends.some((n) => n < 0)) return null;
    return data.jsonOnce(`/api/walk?from=${ends[0]}&to=${ends[1]}&steps=${steps}&features=${encodeURIComponent(features)}`);
  }, [ends, steps, features]);
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  useEffect(() => setAt(0), [walk]);
  useEffect(() => {
    if (walk) emphasise(walk.map((step) => step.n));
    return () => emphasise([]);
  }, [walk]);
  useEffect(() => {
    if (!playing || !walk) return undefined;
    const timer = setTimeout(() => (at + 1 < walk.length ? setAt(at + 1) : setPlaying(false)), PAUSE);
    return () => clearTimeout(timer);
  }, [playing, at, walk]);
  const key = (event) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: walk.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    setPlaying(false);
    setAt(Math.max(0, Math.min(walk.length - 1, to)));
  };
  const surprise = async () => {
    const numbers = [Math.floor(Math.random() * archive.count), Math.floor(Math.random() * archive.count)];
    const [from, to] = await Promise.all(numbers.map(data.record));
    change({ from: from.id, to: to.id });
  };
  return html`<div class="page walk">
    <h1>Walk</h1>
    <p class="lead">From one artwork to another in small steps, each like the one before.</p>
    <div class="ends"><${End} n=${ends?.[0] ?? -1} title="From" clear=${() => change({ from: null })} /><span aria-hidden="true">→</span><${End} n=${ends?.[1] ?? -1} title="To" clear=${() => change({ to: null })} />
      <div class="actions"><button type="button" onClick=${surprise}>Surprise me</button>
      ${state.from && state.to && html`<button type="button" onClick=${() => change({ from: state.to, to: state.from })}>Turn round</button>`}
      <label class="inline">Steps <select value=${String(steps)} onChange=${(event) => change({ steps: event.target.value })}>${[5, 9, 15, 25].map((value) => html`<option value=${value}>${value}</option>`)}</select></label></div></div>
    ${!(state.from && state.to) && html`<p class="hint">Open an artwork on the map and press “Walk from here”; then open another and press “Walk to here”.</p>`}
    ${failure && html`<p class="fault">${failure.message}</p>`}
    ${walk?.length > 0 && html`<${Stage} step=${walk[at]} />
      <div class="player" onKeyDown=${key}>
        <button type="button" class="icon" aria-label=${playing ? "Pause" : "Play"} onClick=${() => (!playing && at + 1 === walk.length && setAt(0), setPlaying(!playing))}><${Icon} name=${playing ? "pause" : "play"} /></button>
        <ol class="strip" aria-label="Steps">${walk.map((step, index) => html`<li key=${index} class=${index === at ? "now" : ""} aria-current=${index === at ? "step" : undefined}><${Thumb} n=${step.n} caption=${false} note=${`${index + 1}`} press=${() => (setPlaying(false), setAt(index))} /></li>`)}</ol>
      </div>`}
  </div>`;
}

function End({ n, title, clear }) {
  return html`<div class="end"><h2>${title}</h2>${n >= 0 ? html`<${Thumb} n=${n} /><button type="button" class="plain" onClick=${clear}>change</button>` : html`<p class="hole">nothing yet</p>`}</div>`;
}

function Stage({ step }) {
  const record = useRecord(step.n);
  return html`<figure class="walk-stage"><button type="button" class="picture" aria-label="Open this artwork" onClick=${() => open(step.n)}><img key=${step.n} src=${data.image(step.n)} alt="" /></button>
    <figcaption aria-live="polite"><${Words} text=${nameOfRecord(record)} most=${160} /></figcaption></figure>`;
}

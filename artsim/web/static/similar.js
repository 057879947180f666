// More like this, less like that: works as examples, the archive ordered by likeness to all of them.

import { html, useEffect } from "./vendor/preact.js";
import * as data from "./data.js";
import { Close, Thumb, useData } from "./parts.js";
import { select } from "./selection.js";
import { session } from "./session.js";
import { change, state } from "./state.js";
import { emphasise } from "./sync.js";

const LESS = -0.5; // weight of a work that the results are to be unlike

async function examples() {
  const ids = [...new Set([...state.like, ...state.unlike])];
  const numbers = await Promise.all(ids.map(data.numberOf));
  return ids.map((id, index) => {
    const more = state.like.filter((other) => other === id).length;
    return { id, n: numbers[index], weight: more || LESS * state.unlike.filter((other) => other === id).length };
  });
}

export function Similar() {
  const { archive } = session;
  const features = state.features || archive.default?.features || archive.features[0];
  const key = JSON.stringify([state.like, state.unlike, features]);
  const [answer, failure] = useData(async () => {
    const given = await examples();
    const query = given.map(({ n, weight }) => `n=${n}&weight=${weight}`).join("&");
    return { given, near: await data.jsonOnce(`/api/similar?${query}&k=60&features=${encodeURIComponent(features)}`) };
  }, [key]);
  useEffect(() => {
    if (answer) emphasise(answer.near.map((item) => item.n));
    return () => emphasise([]);
  }, [answer]);
  const without = (list, id) => list.filter((other) => other !== id);
  const once = (list, id) => (list.includes(id) ? list.toSpliced(list.indexOf(id), 1) : list);
  const more = (id) => change(state.unlike.includes(id) ? { unlike: once(state.unlike, id), like: state.unlike.filter((other) => other === id).length > 1 ? state.like : [...state.like, id] } : { like: [...state.like, id] });
  const less = (id) => change(state.like.includes(id) ? { like: once(state.like, id), unlike: state.like.filter((other) => other === id).length > 1 ? state.unlike : [...state.unlike, id] } : { unlike: [...state.unlike, id] });
  return html`<section class="panel-inner" aria-label="More like these" aria-busy=${!answer}>
    <header><h2>More like these</h2><${Close} press=${() => change({ like: [], unlike: [] })} label="End this search" /></header>
    ${failure && html`<p class="fault">${failure.message}</p>`}
    ${answer?.near.length === 0 && html`<p class="note">No similar artworks found.</p>`}
    <ul class="examples">${(answer?.given ?? []).map(({ id, n, weight }) => html`<li key=${id} class=${weight > 0 ? "" : "less"}>
      <${Thumb} n=${n} caption=${false} />
      <div><strong>${weight > 0 ? (weight > 1 ? `like this, ${weight} times` : "like this") : weight < LESS ? `not this, ${weight / LESS} times` : "not this"}</strong>
        <div class="actions"><button type="button" class="icon" aria-label="More like this" title="More like this" onClick=${() => more(id)}>+</button>
        <button type="button" class="icon" aria-label="Less like this" title="Less like this" onClick=${() => less(id)}>−</button>
        <button type="button" class="icon" aria-label="Remove this example" title="Remove" onClick=${() => change({ like: without(state.like, id), unlike: without(state.unlike, id) })}>×</button></div></div></li>`)}</ul>
    <p class="hint">Add examples with the buttons under each picture: + more like it, − less like it.</p>
    ${archive.features.length > 1 && html`<div class="choices slim"><label>By<select value=${features} onChange=${(event) => change({ features: event.target.value })}>${archive.features.map((name) => html`<option value=${name}>${name}</option>`)}</select></label></div>`}
    <div class="thumbs votes">${(answer?.near ?? []).map(({ n }) => html`<div key=${n}><${Thumb} n=${n} />
      <span class="vote"><button type="button" aria-label="More like this" onClick=${async () => more((await data.record(n)).id)}>+</button><button type="button" aria-label="Less like this" onClick=${async () => less((await data.record(n)).id)}>−</button></span></div>`)}</div>
    ${answer?.near.length > 0 && html`<button type="button" onClick=${() => select(answer.near.map((item) => item.n))}>Select these ${answer.near.length}</button>`}
  </section>`;
}

// Search by a description of what artworks show, within the filters: "red boats at night".

import { html, useEffect, useState } from "./vendor/preact.js";
import * as data from "./data.js";
import { Close, Thumb, count, useData } from "./parts.js";
import { select } from "./selection.js";
import { session, update } from "./session.js";
import { change, state } from "./state.js";
import { emphasise } from "./sync.js";

/** Whether texts can be described: the archive has features of an image-text network. */
export const describesTexts = () => session.archive.text_features?.length > 0;

/** Shows what looks like a text. */
export function look(text) {
  if (session.uploaded) URL.revokeObjectURL(session.uploaded.url);
  update({ uploaded: null });
  change({ text, q: null, work: null, like: [], unlike: [], tab: null });
}

function path(features) {
  const query = new URLSearchParams({ text: state.text, features, k: 60 });
  for (const key of ["q", "years"]) if (state[key]) query.set(key, state[key]);
  for (const filter of state.filter) query.append("filter", filter);
  if (state.cluster?.includes(":")) query.append("filter", `cluster/${state.cluster}`);
  return `/api/text-to-image?${query}`;
}

export function Looking() {
  const known = session.archive.text_features;
  const features = known.includes(state.features) ? state.features : known[0];
  const address = path(features);
  const [near, failure] = useData(() => data.jsonOnce(address), [address]);
  const [text, setText] = useState(state.text);
  useEffect(() => setText(state.text), [state.text]);
  useEffect(() => {
    if (near) emphasise(near.map((item) => item.n));
    return () => emphasise([]);
  }, [near]);
  const again = (event) => {
    event.preventDefault();
    if (text.trim()) change({ text: text.trim() });
  };
  const filtered = state.q || state.years || state.cluster?.includes(":") || state.filter.length > 0;
  return html`<section class="panel-inner" aria-label="Looks like what you wrote" aria-busy=${!near && !failure}>
    <header><h2>Looks like</h2><${Close} press=${() => change({ text: null })} label="End this search" /></header>
    <form class="again" onSubmit=${again}>
      <input type="search" dir="auto" maxlength="300" autocomplete="off" aria-label="What the artworks should show" value=${text} onInput=${(event) => setText(event.target.value)} />
      <button type="submit">Search</button>
    </form>
    <p class="hint">By what the pictures show, not by the words of the catalog${filtered ? "; only among the artworks that match your search and filters" : ""}.</p>
    ${known.length > 1 && html`<div class="choices slim"><label>By<select value=${features} onChange=${(event) => change({ features: event.target.value })}>${known.map((name) => html`<option value=${name}>${name}</option>`)}</select></label></div>`}
    ${failure && html`<p class="fault">${failure.message}</p>`}
    ${!near && !failure && html`<p class="wait" role="status">Searching …</p>`}
    ${near?.length === 0 && html`<p>No artwork matches your search and filters.</p>`}
    <div class="thumbs">${(near ?? []).map(({ n }) => html`<${Thumb} key=${n} n=${n} />`)}</div>
    ${near?.length > 0 && html`<button type="button" onClick=${() => select(near.map((item) => item.n))}>Select these ${count(near.length)}</button>`}
  </section>`;
}

// Small parts that several panels use.

import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import * as data from "./data.js";
import { change } from "./state.js";

const MOST = 300; // characters of a title on the page

/** Text from a catalog: isolated, of any direction, cut after 300 characters. */
export const Words = ({ text, most = MOST }) => {
  const whole = String(text ?? "");
  return html`<bdi dir="auto" title=${whole.length > most ? whole.slice(0, 2000) : undefined}>${whole.length > most ? `${whole.slice(0, most)} …` : whole}</bdi>`;
};

export function useRecord(n) {
  const [record, setRecord] = useState(null);
  useEffect(() => {
    let current = true;
    setRecord(null);
    if (n >= 0) data.record(n).then((found) => current && setRecord(found), () => {});
    return () => (current = false);
  }, [n]);
  return record;
}

/** Waits for data: returns [value, error]; `keys` say when to ask again. */
export function useData(ask, keys) {
  const [answer, setAnswer] = useState([undefined, null]);
  useEffect(() => {
    let current = true;
    setAnswer([undefined, null]);
    Promise.resolve(ask()).then((value) => current && setAnswer([value, null]), (error) => current && setAnswer([undefined, error]));
    return () => (current = false);
  }, keys);
  return answer;
}

export const nameOfRecord = (record) => (record ? [record.title || record.id, record.artist].filter(Boolean).join(", ") : "Artwork");

/** Opens the panel of an artwork. */
export async function open(n) {
  const { id } = await data.record(n);
  change({ work: id, match: null });
}

/** A thumbnail that opens its artwork. `note` is a short line under it. */
export function Thumb({ n, note, caption = true, press }) {
  const record = useRecord(n);
  const [broken, setBroken] = useState(-1); // the artwork whose picture did not arrive
  const name = nameOfRecord(record).slice(0, 200);
  return html`<button type="button" class="thumb" onClick=${() => (press ? press(n) : open(n))} aria-label=${note ? `${name}, ${note}` : name} title=${name}>
    ${broken === n ? html`<span class="absent">No image</span>` : html`<img src=${data.thumbnail(n)} alt="" loading="lazy" decoding="async" onError=${() => setBroken(n)} />`}
    ${caption && html`<span class="caption"><${Words} text=${record?.title || record?.id || ""} most=${80} /></span>`}
    ${note && html`<span class="note">${note}</span>`}
  </button>`;
}

/** A dialog over the page; Escape and the cross close it. */
export function Dialog({ title, close, children, wide }) {
  const ref = useRef();
  useEffect(() => {
    ref.current.showModal();
  }, []);
  return html`<dialog ref=${ref} class=${wide ? "wide" : ""} aria-label=${title} onClose=${close} onCancel=${close} onClick=${(event) => event.target === ref.current && close()}>
    <div class="dialog">
      <header><h2>${title}</h2><${Close} press=${close} label=${`Close ${title.toLowerCase()}`} /></header>
      ${children}
    </div>
  </dialog>`;
}

export const Close = ({ press, label = "Close" }) => html`<button type="button" class="icon" aria-label=${label} title=${`${label} (Esc)`} onClick=${press}><${Icon} name="close" /></button>`;

const PATHS = {
  close: "M5 5l14 14M19 5L5 19",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13zM15.5 15.5L20 20",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  eye: "M2 12s3.600-6.500 10-6.500S22 12 22 12s-3.600 6.500-10 6.500S2 12 2 12zM12 9a3 3 0 1 1 0 6a3 3 0 0 1 0-6z",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  hand: "M12 3v18M3 12h18M12 3l-3 3M12 3l3 3M12 21l-3-3M12 21l3-3M3 12l3-3M3 12l3 3M21 12l-3-3M21 12l-3 3",
  lasso: "M12 5c5 0 9 2.300 9 5.500S17 16 12 16 3 13.700 3 10.500 7 5 12 5zM8 15.500c-1 2 .5 4-2 5.500",
  box: "M4 4h3M10 4h4M17 4h3v3M20 10v4M20 17v3h-3M14 20h-4M7 20H4v-3M4 14v-4M4 7V4",
  split: "M4 5h16v14H4zM12 5v14",
  names: "M4 7V5h16v2M12 5v14M9 19h6",
  filter: "M4 6h16M7 12h10M10 18h4",
  theme: "M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z",
  help: "M9 9a3 3 0 1 1 4 2.800c-.8.400-1 1-1 2.200M12 17.500h.01",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  play: "M7 5l12 7-12 7z",
  pause: "M8 5v14M16 5v14",
  out: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
};

export const Icon = ({ name }) => html`<svg class="glyph" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;

export const count = (number) => Number(number).toLocaleString("en");
export const percent = (share) => `${Math.round(100 * share)} %`;

// The picture of an artwork, or a note that says why there is none.

import { html, useState } from "./vendor/preact.js";
import * as data from "./data.js";
import { useData } from "./parts.js";

const REASONS = {
  missing: "not fetched yet",
  http: "its website answered with an error",
  timeout: "its website did not answer in time",
  network: "its website could not be reached",
  too_large: "the file is too large",
  not_image: "the file is no image",
  unsupported: "unsupported format",
  corrupt: "corrupt file",
  bomb: "too many pixels",
  robots: "robots.txt does not allow it",
  opt_out: "its website does not allow it",
  forbidden_address: "its address is not allowed",
  redirect_loop: "its address redirects in a loop",
};

/** Why a record has no image that can be shown. */
export const noImage = (record) => `No image: ${REASONS[record?.no_image] ?? "it cannot be read"}`;

/** The picture of the panel; it opens the zoom. */
export function Picture({ n, record, press }) {
  const [broken, setBroken] = useState(-1); // the artwork whose picture did not arrive
  if (record.no_image || broken === n) return html`<p class="no-picture">${noImage(record)}</p>`;
  return html`<button type="button" class="picture" onClick=${press} aria-label="Look closer: zoom into the picture">
    <img key=${n} src=${data.image(n)} alt=${record.title || record.id} onError=${() => setBroken(n)} /></button>`;
}

/** The small picture beside the pointer. */
export function Glimpse({ n }) {
  const [broken, setBroken] = useState(-1);
  if (broken === n) return html`<${Reason} n=${n} />`;
  return html`<img key=${n} src=${data.thumbnail(n)} alt="" onError=${() => setBroken(n)} />`;
}

function Reason({ n }) {
  const [record, failure] = useData(() => data.fullRecord(n), [n]);
  return html`<small class="no-picture">${record || failure ? noImage(record) : ""}</small>`;
}

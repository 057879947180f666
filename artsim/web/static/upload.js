// Search with a picture: chosen, pasted or dropped. The server describes it and forgets it.

import { html, useEffect } from "./vendor/preact.js";
import * as data from "./data.js";
import { Close, Thumb, Words, count, percent } from "./parts.js";
import { select } from "./selection.js";
import { during, say, session, update } from "./session.js";
import { change } from "./state.js";
import { emphasise } from "./sync.js";

const LARGEST = 20 * 2 ** 20; // bytes, as the server has it

/** Sends a picture and shows what the archive has like it. */
export function describe(file) {
  if (!file) return undefined;
  if (!file.type.startsWith("image/") || file.type === "image/svg+xml") return say("That is not a picture that can be searched with: choose a JPEG, PNG, WebP or TIFF.");
  if (file.size > LARGEST) return say("That picture is larger than 20 MB: choose a smaller one.");
  return during(async () => {
    if (session.uploaded) URL.revokeObjectURL(session.uploaded.url);
    update({ uploaded: { url: URL.createObjectURL(file), answer: null } });
    change({ work: null });
    try {
      const answer = await (await data.post("/api/describe", file)).json();
      update({ uploaded: { ...session.uploaded, answer } });
      emphasise(answer.neighbours.map((item) => item.n));
    } catch (error) {
      close();
      throw error;
    }
  });
}

function close() {
  if (session.uploaded) URL.revokeObjectURL(session.uploaded.url);
  update({ uploaded: null });
  emphasise([]);
}

/** Listens for pictures that are pasted or dropped anywhere. */
export function useDrops() {
  useEffect(() => {
    if (!session.archive.upload) return undefined;
    const pictureOf = (list) => [...(list ?? [])].find((file) => file.type.startsWith("image/"));
    const paste = (event) => {
      const file = pictureOf(event.clipboardData?.files);
      if (file) (event.preventDefault(), describe(file));
    };
    const over = (event) => {
      if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
      event.preventDefault();
      document.body.classList.add("dropping");
    };
    const leave = (event) => !event.relatedTarget && document.body.classList.remove("dropping");
    const drop = (event) => {
      document.body.classList.remove("dropping");
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      describe(pictureOf(event.dataTransfer.files) ?? event.dataTransfer.files[0]);
    };
    const pairs = Object.entries({ paste, dragover: over, dragleave: leave, drop });
    for (const [name, listener] of pairs) addEventListener(name, listener);
    return () => pairs.forEach(([name, listener]) => removeEventListener(name, listener));
  }, []);
}

export function Uploaded() {
  const { url, answer } = session.uploaded;
  return html`<section class="panel-inner" aria-label="Search with a picture" aria-busy=${!answer}>
    <header><h2>Your picture</h2><${Close} press=${close} label="End this search" /></header>
    <div class="picture still"><img src=${url} alt="The picture that you searched with" /></div>
    ${!answer && html`<p class="wait" role="status">Looking at it …</p>`}
    ${answer?.same && html`<div class="same"><strong>This is very likely the same work:</strong><${Thumb} n=${answer.same.n} /><${Evidence} evidence=${answer.same.evidence} /></div>`}
    ${answer && !answer.same && html`<p>The archive has no picture of this very work, as far as can be seen.</p>`}
    ${answer && html`<${Votes} title="What its ten nearest works are" groups=${answer.votes} /><${Votes} title="What the trained labels say" groups=${answer.labels} />
      <h3>Most alike</h3><div class="thumbs">${answer.neighbours.map(({ n }) => html`<${Thumb} key=${n} n=${n} />`)}</div>
      <button type="button" onClick=${() => select(answer.neighbours.map((item) => item.n))}>Select these ${count(answer.neighbours.length)}</button>`}
  </section>`;
}

/** Why it is taken for the same work, in words; numbers that this page does not know are listed as they are. */
function Evidence({ evidence }) {
  if (!evidence || typeof evidence !== "object") return null;
  const { distance, next, hash_bits: bits } = evidence;
  const parts = [];
  if (Number.isFinite(distance)) parts.push(`Distance ${distance.toFixed(3)}${Number.isFinite(next) ? `; the next work is at ${next.toFixed(3)}` : ""}.`);
  if (Number.isFinite(bits)) parts.push(`${bits} of 64 bits of the image hashes differ.`);
  return html`<p class="note">${parts.join(" ")}</p>`;
}

function Votes({ title, groups }) {
  const list = Object.entries(groups ?? {}).filter(([, votes]) => votes?.length);
  if (!list.length) return null;
  return html`<section><h3>${title}</h3>${list.map(([column, votes]) => html`<h4>${column.replaceAll("_", " ")}</h4><ul class="values">${votes.slice(0, 4).map(({ label, share, probability }) => html`<li><label>
    <i class="bar" ref=${(node) => node && (node.style.width = `${100 * (share ?? probability ?? 0)}%`)}></i><span class="value"><${Words} text=${label} most=${60} /></span><small>${percent(share ?? probability ?? 0)}</small></label></li>`)}</ul>`)}</section>`;
}

// The search box: words with suggestions from the catalog, a description of a picture, and the button for a file.

import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import * as data from "./data.js";
import { describesTexts, look } from "./looking.js";
import { Icon, Thumb, Words, count, open } from "./parts.js";
import { describe } from "./upload.js";
import { session } from "./session.js";
import { change, state } from "./state.js";

/** Values of the catalog's columns that contain the words: [{column, label, value, count}]. */
async function valuesWith(words) {
  const found = [];
  for (const column of session.archive.columns.filter((item) => item.kind === "category")) {
    for (const [value, number] of await data.values(column.name)) {
      const at = value.toLowerCase().indexOf(words);
      if (at === 0 || (at > 0 && !/\p{L}/u.test(value[at - 1]))) found.push({ column: column.name, label: column.label, value, number, at });
    }
  }
  return found.sort((a, b) => (a.at > 0) - (b.at > 0) || b.number - a.number).slice(0, 5);
}

function sentence(total) {
  if (!total) return "Nothing has the words";
  return total === 1 ? "Show the artwork with" : `Show all ${count(total)} artworks with`;
}

export function Search() {
  const [words, setWords] = useState(state.q ?? "");
  const [offers, setOffers] = useState(null);
  const box = useRef();
  const file = useRef();
  const root = useRef();
  const isTyped = useRef(false); // whether a person typed the words, and has not searched for them
  const close = () => {
    isTyped.current = false;
    setOffers(null);
  };
  const showSearched = () => {
    close();
    setWords(state.q ?? "");
  };
  useEffect(showSearched, [state.q, state.work, state.tab]); // words that filter nothing are not kept in another view

  useEffect(() => {
    const text = words.trim();
    if (!text || !isTyped.current) return setOffers(null);
    let current = true;
    const timer = setTimeout(async () => {
      try {
        const [values, answer] = await Promise.all([valuesWith(text.toLowerCase()), data.json(`/api/search?q=${encodeURIComponent(text)}&limit=6`)]);
        if (current && isTyped.current && document.activeElement === box.current) setOffers({ text, values, hits: answer.hits, total: answer.total });
      } catch {
        if (current) setOffers(null);
      }
    }, 120);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [words]);

  const go = (event) => {
    event?.preventDefault();
    close();
    change({ q: words.trim() || null, tab: null, at: null });
  };
  const choose = (offer) => {
    close();
    setWords("");
    change({ q: null, tab: null, at: null, filter: [...state.filter, `${offer.column}:${offer.value}`] });
  };
  const describeWords = () => {
    close();
    setWords("");
    look(words.trim());
  };
  const key = (event) => {
    if (event.key === "Escape") return setOffers(null);
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [box.current, ...root.current.querySelectorAll(".offers button")];
    const index = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    stops[index]?.focus();
    event.preventDefault();
  };
  const leave = (event) => !root.current.contains(event.relatedTarget) && setOffers(null);

  return html`<form class="search" role="search" ref=${root} onSubmit=${go} onKeyDown=${key} onFocusOut=${leave}>
    <${Icon} name="search" />
    <input ref=${box} id="search" type="search" name="q" autocomplete="off" spellcheck="false" dir="auto" maxlength="300"
      aria-label="Search artists, titles and all words of the catalog" placeholder=${describesTexts() ? "Search words, or describe a picture …" : "Search artists, titles, words …"} value=${words}
      onInput=${(event) => { isTyped.current = true; setWords(event.target.value); if (!event.target.value && state.q) change({ q: null }); }} />
    ${session.archive.upload && html`<button type="button" class="icon" aria-label="Search with a picture" title="Search with a picture: choose, paste or drop one" onClick=${() => file.current.click()}><${Icon} name="picture" /></button>
      <input ref=${file} type="file" accept="image/jpeg,image/png,image/webp,image/tiff,image/gif,image/bmp" hidden onChange=${(event) => { describe(event.target.files[0]); event.target.value = ""; }} />`}
    ${offers && html`<div class="offers">
      ${offers.values.map((offer) => html`<button type="button" class="offer" onClick=${() => choose(offer)}><${Words} text=${offer.value} most=${80} /><small>${offer.label} · ${offer.number || ""}</small></button>`)}
      ${offers.hits.length > 0 && html`<div class="strip">${offers.hits.map(({ n }) => html`<${Thumb} key=${n} n=${n} press=${() => { showSearched(); open(n); }} />`)}</div>`}
      <button type="submit" class="offer all">${sentence(offers.total)} “<${Words} text=${offers.text} most=${60} />”</button>
      ${describesTexts() && html`<button type="button" class="offer all" onClick=${describeWords}><${Icon} name="eye" /> Show what looks like “<${Words} text=${words.trim()} most=${60} />”</button>`}
    </div>`}
  </form>`;
}

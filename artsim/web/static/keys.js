// Keys that work anywhere on the page, and the dialog that lists all keys.

import { html, useEffect } from "./vendor/preact.js";
import { Dialog } from "./parts.js";
import { session, update } from "./session.js";
import { WITHOUT } from "./source.js";
import { change, state } from "./state.js";
import { emphasise } from "./sync.js";

const LIST = [
  ["/", "search"],
  ["Arrows", "move the map (with Shift: farther)"],
  ["+ and −, 0", "zoom in and out, show all"],
  ["Enter", "open the artwork in the middle of the map"],
  ["Space", "select the artwork in the middle of the map"],
  ["m, l, b", "tools: move, lasso, rectangle"],
  ["f", "filters"],
  WITHOUT.length ? ["1 … 3", "map, clusters, duplicates"] : ["1 … 6", "map, clusters, duplicates, walk, archive, runs"],
  ["Esc", "close the artwork, then the search, then the selection tool"],
  ["?", "this list"],
];
const MOUSE = [
  ["Click", "open an artwork"],
  ["Ctrl or ⌘ and click", "select it"],
  ["Shift and drag", "select a rectangle"],
  ["Lasso with Ctrl / Alt", "add to / take from the selection"],
  ["Drop or paste a picture", "search with it"],
];
const TABS = [null, "clusters", "duplicates", "walk", "tables", "runs"].filter((tab) => !WITHOUT.includes(tab));

export function Keys({ close }) {
  const rows = (list) => list.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`);
  return html`<${Dialog} title="Help" close=${close}>
    <p>Every artwork is a picture on the map; those that look alike are close. Type words to search, tick filters to narrow, press an artwork to see it large. Whatever you see has its own address: copy it to show a colleague the same.</p>
    <h3>By mouse or touch</h3><dl class="keys">${rows(MOUSE)}</dl>
    <h3>By keyboard</h3><dl class="keys">${rows(LIST)}</dl>
  <//>`;
}

/** Closes what lies on top; returns whether there was anything. */
function back() {
  if (session.open >= 0) return change({ work: null, match: null }), true;
  if (session.uploaded) return update({ uploaded: null }), emphasise([]), true;
  if (state.text) return change({ text: null }), true;
  if (state.like.length || state.unlike.length) return change({ like: [], unlike: [] }), true;
  dispatchEvent(new CustomEvent("artsim-tool", { detail: "pan" }));
  return false;
}

export function useKeys(help) {
  useEffect(() => {
    const press = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      const typing = event.target.closest?.("input:not([type=checkbox]):not([type=range]), textarea, select");
      if (event.key === "Escape") {
        if (typing) typing.blur();
        else if (back()) document.querySelector(".pane")?.focus({ preventScroll: true });
        return;
      }
      if (typing) return;
      const tools = { m: "pan", l: "lasso", b: "box" };
      if (event.key === "/") document.getElementById("search").focus();
      else if (event.key === "?") help();
      else if (event.key === "f") document.querySelector(".filters")?.click();
      else if (tools[event.key]) dispatchEvent(new CustomEvent("artsim-tool", { detail: tools[event.key] }));
      else if (/^[1-6]$/.test(event.key) && event.key <= TABS.length) change({ tab: TABS[event.key - 1], work: null });
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

// Starts the page: asks what the archive holds, then draws.

import { html, render } from "./vendor/preact.js";
import { App } from "./app.js";
import * as data from "./data.js";
import { update } from "./session.js";
import { subscribe } from "./state.js";
import { sync } from "./sync.js";
import { startTheme } from "./theme.js";

startTheme();
const root = document.getElementById("app");

try {
  const archive = await data.archive();
  document.title = `${archive.name} · artsim`;
  update({ archive });
  root.replaceChildren();
  render(html`<${App} />`, root);
  subscribe(sync);
} catch (error) {
  const text = document.createElement("p");
  text.className = "boot";
  text.textContent = `The archive cannot be opened: ${error.message}`;
  root.replaceChildren(text);
}

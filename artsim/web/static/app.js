// The frame of the page: header, side panel, the map or another tab, the panel at the right, messages.

import { html, useEffect, useState } from "./vendor/preact.js";
import { Artwork } from "./artwork.js";
import { Clusters } from "./clusters.js";
import { Duplicates } from "./duplicates.js";
import { Side } from "./facets.js";
import { Keys, useKeys } from "./keys.js";
import { Looking, describesTexts } from "./looking.js";
import { Icon } from "./parts.js";
import { Runs } from "./runs.js";
import { Search } from "./search.js";
import { say, useSession } from "./session.js";
import { Similar } from "./similar.js";
import { WITHOUT, isStatic, own } from "./source.js";
import { Stage } from "./stage.js";
import { address, change, state, subscribe } from "./state.js";
import { Tables } from "./tables.js";
import { flipTheme } from "./theme.js";
import { Uploaded, useDrops } from "./upload.js";
import { Walk } from "./walk.js";

const TABS = { map: "Map", clusters: "Clusters", duplicates: "Duplicates", walk: "Walk", tables: "Archive", runs: "Runs" };
const PAGES = { clusters: Clusters, duplicates: Duplicates, walk: Walk, tables: Tables, runs: Runs };

function useAddress() {
  const [, draw] = useState(0);
  useEffect(() => subscribe(() => draw((turn) => turn + 1)), []);
}

export function App() {
  const session = useSession();
  useAddress();
  useDrops();
  const [help, setHelp] = useState(false);
  const [side, setSide] = useState(innerWidth > 860);
  useKeys(() => setHelp(true));
  const tab = PAGES[state.tab] && !WITHOUT.includes(state.tab) ? state.tab : "map";
  const Page = PAGES[tab];
  const Panel = session.open >= 0 ? Artwork : session.uploaded ? Uploaded : state.text && describesTexts() ? Looking : state.like.length || state.unlike.length ? Similar : null;
  const share = async () => {
    await navigator.clipboard?.writeText(location.href).catch(() => {});
    say("The link to this view is copied.");
  };
  return html`
    <a class="skip" href="#content">Skip to the content</a>
    <header class="top">
      ${tab === "map" && html`<button type="button" class="icon filters" aria-label="Filters" aria-expanded=${side} aria-controls="side" title="Filters (f)" onClick=${() => setSide(!side)}><${Icon} name="filter" /></button>`}
      <a class="brand" href=${location.pathname} onClick=${(event) => { event.preventDefault(); history.pushState(null, "", location.pathname); dispatchEvent(new PopStateEvent("popstate")); }}><img src=${own("icon.svg")} alt="" /> <bdi>${session.archive.name}</bdi></a>
      <${Search} />
      <nav aria-label="Views">${Object.entries(TABS).filter(([key]) => !WITHOUT.includes(key) && !(isStatic && session.archive[key]?.length === 0)).map(([key, label]) => html`<a href=${address({ tab: key === "map" ? null : key, work: null })} aria-current=${tab === key ? "page" : undefined}
        onClick=${(event) => { if (event.ctrlKey || event.metaKey) return; event.preventDefault(); change({ tab: key === "map" ? null : key, work: null }); }}>${label}</a>`)}</nav>
      <button type="button" class="icon" aria-label="Copy the link to this view" title="Copy the link to this view" onClick=${share}><${Icon} name="link" /></button>
      <button type="button" class="icon" aria-label="Light or dark" title="Light or dark" onClick=${flipTheme}><${Icon} name="theme" /></button>
      <button type="button" class="icon" aria-label="Help and keys" title="Help and keys (?)" onClick=${() => setHelp(true)}><${Icon} name="help" /></button>
      ${session.busy > 0 && html`<div class="busy" role="progressbar" aria-label="Loading"></div>`}
    </header>
    <div class=${`body ${tab === "map" && side ? "with-side" : ""} ${Panel ? "with-panel" : ""}`}>
      ${tab === "map" && html`<aside id="side" class="side" aria-label="Filters" hidden=${!side}><${Side} /></aside>`}
      <main id="content" tabindex="-1">
        <${Stage} hidden=${tab !== "map"} />
        ${Page && html`<${Page} />`}
      </main>
      ${Panel && html`<aside class="panel" aria-label="Details"><${Panel} /></aside>`}
    </div>
    <div class="message" role="status" aria-live="polite">${session.message && html`<span><bdi>${session.message}</bdi></span>`}</div>
    <div class="drop" aria-hidden="true"><p>Drop the picture to search with it</p></div>
    ${help && html`<${Keys} close=${() => setHelp(false)} />`}
  `;
}

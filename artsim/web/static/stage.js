// The map in the page: its tools, what the pointer shows, the tray of the selection.

import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { ArtMap } from "./map.js";
import { Close, Icon, Words, open, useRecord } from "./parts.js";
import { Glimpse } from "./artwork_image.js";
import { enclose, toggle } from "./selection.js";
import { say, session, update } from "./session.js";
import { change, state } from "./state.js";
import { isStatic } from "./source.js";
import { layoutName, sync } from "./sync.js";
import { mapGround, onTheme } from "./theme.js";
import { Tray } from "./tray.js";

/** Marks a step of the start: a time for measurements, an attribute that tests wait for. */
function reached(step) {
  performance.mark(step);
  document.documentElement.dataset[step] = "yes";
}

export function Stage({ hidden }) {
  const root = useRef();
  const [hover, setHover] = useState(null);
  const [tool, setTool] = useState("pan");
  const [names, setNames] = useState(true);
  const [fault, setFault] = useState(null);
  const { map, archive, selected } = session;

  useEffect(() => {
    let own;
    try {
      own = new ArtMap(root.current, archive, {
        open: (n) => (setHover(null), open(n)),
        toggle,
        enclose: (numbers, mode) => (numbers.length ? enclose(numbers, mode) : say("No artwork is inside.")),
        hover: (n, x, y, spoken) => setHover(n < 0 ? null : { n, x, y, spoken }),
        moved: (at) => change({ at }, { replace: true, quiet: true }),
        cluster: (cluster) => change({ cluster, at: null }),
        pictured: () => reached("sprites"),
        failed: (error) => say(`The pictures of the map did not arrive: ${error.message}`),
      });
    } catch (error) {
      return setFault(error.message);
    }
    own.background(mapGround());
    const stop = onTheme(() => own.background(mapGround()));
    update({ map: own });
    own.load().catch((error) => say(`The colors of the map did not arrive: ${error.message}`));
    sync().then(() => reached("usable"));
    return stop;
  }, []);

  useEffect(() => {
    const key = (event) => event.detail && (event.detail in { pan: 1, lasso: 1, box: 1 } ? choose(event.detail) : null);
    addEventListener("artsim-tool", key);
    return () => removeEventListener("artsim-tool", key);
  }, [map]);

  const choose = (next) => {
    setTool(next);
    if (map) map.tool = next;
  };
  const split = () => change({ layout2: state.layout2 ? null : (archive.layouts.find((item) => item.name !== layoutName())?.name ?? "list") });
  const flipNames = () => {
    map.names = !names;
    setNames(!names);
    map.redraw();
  };
  const tools = [
    ["hand", "Move the map (m)", () => choose("pan"), tool === "pan"],
    ["lasso", "Select by drawing around (l)", () => choose("lasso"), tool === "lasso"],
    ["box", "Select a rectangle (b), or Shift and drag", () => choose("box"), tool === "box"],
    ["plus", "Zoom in (+)", () => map?.zoom(0.7)],
    ["minus", "Zoom out (−)", () => map?.zoom(-0.7)],
    ["whole", "Show all (0)", () => map?.whole()],
    ["names", "Names on the map", flipNames, names],
    ["split", "Two maps side by side", split, Boolean(state.layout2)],
  ];
  return html`<section class="stage" hidden=${hidden} aria-label="Map">
    <div class=${`map tool-${tool}`} ref=${root}></div>
    <p id="map-keys" class="quiet">Arrows move, plus and minus zoom, Enter opens the artwork in the middle, Space selects it.</p>
    ${fault && html`<p class="fault center">The map cannot be drawn: ${fault}. Search, clusters and walks still work.</p>`}
    ${session.matches?.count === 0 && html`<div class="nothing"><p>No artwork matches.</p><button type="button" onClick=${() => change({ q: null, filter: [], years: null, cluster: null })}>Clear all filters</button></div>`}
    <${MapHint} />
    <div class="tools" role="toolbar" aria-label="Map tools">${tools.map(([icon, label, press, pressed]) => html`<button type="button" class="icon" aria-label=${label} title=${label} aria-pressed=${pressed} onClick=${press}><${Icon} name=${icon} /></button>`)}</div>
    ${hover && !hidden && html`<${Tip} ...${hover} />`}
    ${selected.size > 0 && html`<${Tray} />`}
  </section>`;
}

/** Names the job that makes maps while the archive has none. */
function MapHint() {
  const [closed, setClosed] = useState(false);
  if (closed || isStatic || session.archive.layouts.some((item) => item.method !== "id") || layoutName() !== session.archive.layouts[0]?.name) return null;
  return html`<div class="map-hint"><p>This archive has no map yet: artworks are in the order of their ids. <code>jobs.map</code> makes one.</p><${Close} press=${() => setClosed(true)} label="Close this hint" /></div>`;
}

/** A small card beside the pointer. */
function Tip({ n, x, y, spoken }) {
  const record = useRecord(n);
  const ref = useRef();
  useEffect(() => {
    const { style, offsetWidth, offsetHeight } = ref.current;
    const left = x + 18 + offsetWidth > innerWidth ? x - offsetWidth - 18 : x + 18;
    const top = Math.max(8, Math.min(innerHeight - offsetHeight - 8, y - offsetHeight / 2));
    style.transform = `translate(${Math.max(8, left)}px, ${top}px)`;
  });
  return html`<div class="tip" ref=${ref} role=${spoken ? "status" : undefined}>
    <${Glimpse} n=${n} />
    <p><strong><${Words} text=${record?.title || record?.id || "Loading…"} most=${90} /></strong>
    ${record?.artist && html`<br /><${Words} text=${record.artist} most=${60} />`}${(record?.date ?? record?.year) && html`<br /><${Words} text=${record.date ?? record.year} most=${30} />`}</p>
  </div>`;
}

// What matches in two artworks: both pictures side by side, lines between patches that show the same.

import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import * as data from "./data.js";
import { Dialog, Words, count, nameOfRecord, open, useData, useRecord } from "./parts.js";
import { session } from "./session.js";
import { change, state } from "./state.js";

const GAP = 0.07; // of the stage, between the pictures
const AROUND = 2.5; // patches that are shown around the chosen one, on each side
const STEPS = [10, 20, 40];

/** Lines keep a color by their place in the first picture, so that they can be followed to the second. */
const colorOf = ([x, y]) => `hsl(${Math.round(330 * Math.min(0.999, 0.3 * x + 0.7 * y))} 90% 55%)`;

export function Patches() {
  const a = session.open;
  const [answer, failure] = useData(async () => {
    const b = await data.numberOf(state.match);
    return data.jsonOnce(`/api/matches?a=${a}&b=${b}`);
  }, [a, state.match]);
  const [most, setMost] = useState(STEPS[1]);
  const [boxes, setBoxes] = useState(true);
  const [chosen, setChosen] = useState(-1);
  useEffect(() => setChosen(-1), [answer]);
  const lines = answer?.lines ?? [];
  const move = (step) => lines.length && setChosen((now) => (now < 0 ? (step > 0 ? 0 : lines.length - 1) : (now + step + lines.length) % lines.length));
  useEffect(() => {
    const key = (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || event.target.closest("select, input")) return;
      event.preventDefault();
      move(step);
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [answer]);
  return html`<${Dialog} title="What matches" close=${() => change({ match: null })} wide=${true}>
    <div class="compare" aria-busy=${!answer && !failure}>
      <p class="hint" role="status">${failure ? html`<span class="fault">${failure.message}</span>` : !answer ? "Comparing the pictures …" : summary(answer)}</p>
      ${answer && html`<${Stage} answer=${answer} lines=${lines.filter((line, index) => line.rank < most || index === chosen)} boxes=${boxes} chosen=${lines[chosen]} choose=${(line) => setChosen(line ? lines.indexOf(line) : -1)} />
        <div class="compare-foot">
          <figcaption><${Name} n=${answer.images[0].n} /></figcaption>
          ${lines.length > 0 && html`<div class="stepper">
            <div class="actions"><button type="button" onClick=${() => move(-1)} title="Previous match (←)" aria-label="Previous match">‹</button>
              <button type="button" onClick=${() => move(1)} title="Next match (→)" aria-label="Next match">›</button>
              ${lines.length > STEPS[0] && html`<label class="inline">Lines <select value=${String(most)} onChange=${(event) => setMost(Number(event.target.value))}>${[...STEPS.filter((step) => step < lines.length), Infinity].map((step) => html`<option value=${String(step)}>${Number.isFinite(step) ? step : `all ${count(lines.length)}`}</option>`)}</select></label>`}
              <label class="inline"><input type="checkbox" checked=${boxes} onChange=${() => setBoxes(!boxes)} /> boxes</label></div>
            <${Closer} answer=${answer} line=${lines[chosen]} number=${chosen + 1} of=${lines.length} />
          </div>`}
          <figcaption><${Name} n=${answer.images[1].n} /></figcaption>
        </div>`}
    </div>
  <//>`;
}

function summary({ lines, score }) {
  if (!lines.length) return "No part of one picture matches a part of the other.";
  return `${count(lines.length)} matching ${lines.length === 1 ? "patch" : "patches"}, score ${score.toFixed(1)}. Point at a line, or press ← and →, to see its patches.`;
}

function Name({ n }) {
  const record = useRecord(n);
  return html`<button type="button" class="plain" title="Open this artwork" onClick=${() => open(n)}><${Words} text=${nameOfRecord(record)} most=${120} /></button>`;
}

/** Where both pictures stand: beside each other on a wide stage, below each other on a narrow one. */
function placesOf(images, width, height) {
  const beside = width > 0.9 * height;
  const gap = GAP * (beside ? width : height);
  const [across, down] = beside ? [(width - gap) / 2, height] : [width, (height - gap) / 2];
  return images.map((image, index) => {
    const scale = Math.min(across / image.width, down / image.height);
    const [w, h] = [image.width * scale, image.height * scale];
    // the pictures stand toward the gap, so that lines are short
    const left = beside ? (index ? across + gap : across - w) : (width - w) / 2;
    const top = beside ? (down - h) / 2 : index ? down + gap : down - h;
    return { left, top, width: w, height: h, longest: Math.max(w, h), beside };
  });
}

function Stage({ answer, lines, boxes, chosen, choose }) {
  const root = useRef();
  const [[width, height], resize] = useState([0, 0]);
  useEffect(() => {
    const watch = new ResizeObserver(() => resize([root.current.clientWidth, root.current.clientHeight]));
    watch.observe(root.current);
    return () => watch.disconnect();
  }, []);
  const places = width ? placesOf(answer.images, width, height) : [];
  const at = (place, [x, y]) => [place.left + x * place.longest, place.top + y * place.longest];
  const [first, second] = places;
  const drawn = first ? lines.map((line) => ({ line, from: at(first, line.a), to: at(second, line.b), color: colorOf(line.a) })).sort((p, q) => (p.line === chosen) - (q.line === chosen)) : [];
  const square = (index, [x, y], attributes) => {
    const side = answer.images[index].patch * places[index].longest;
    return html`<rect x=${x - side / 2} y=${y - side / 2} width=${side} height=${side} rx="2" ...${attributes} />`;
  };
  return html`<div class="compare-stage" ref=${root}>
    ${first && html`<svg viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} role="img" aria-label=${`Both pictures, with lines between ${lines.length} pairs of matching patches`} onPointerLeave=${(event) => event.pointerType === "mouse" && choose(null)}>
      ${answer.images.map((image, index) => html`<image href=${data.image(image.n)} x=${places[index].left} y=${places[index].top} width=${places[index].width} height=${places[index].height} preserveAspectRatio="none" />`)}
      ${boxes && answer.images.map((image, index) => {
        if (!image.box) return null;
        const [[left, top], [right, bottom]] = [at(places[index], image.box.slice(0, 2)), at(places[index], image.box.slice(2))];
        return html`<rect class="match-box" x=${left} y=${top} width=${right - left} height=${bottom - top} rx="3" />`;
      })}
      ${drawn.map(({ line, from, to, color }) => html`<g key=${line.rank} class=${`match ${chosen ? (line === chosen ? "now" : "dim") : ""}`} onPointerEnter=${() => choose(line)} onClick=${() => choose(line)}>
        <path class="reach" d=${`M${from}L${to}`} /><path class="casing" d=${`M${from}L${to}`} /><path d=${`M${from}L${to}`} stroke=${color} />
        ${line === chosen ? [from, to].map((point, index) => square(index, point, { class: "patch", stroke: color })) : [from, to].map(([x, y]) => html`<circle cx=${x} cy=${y} r="3.5" fill=${color} />`)}</g>`)}
    </svg>`}
  </div>`;
}

/** Both patches of a match, enlarged with what is around them. */
function Closer({ answer, line, number, of }) {
  if (!line) return html`<p class="hint closer">No match is chosen.</p>`;
  return html`<div class="closer">${answer.images.map((image, index) => {
    const longest = Math.max(image.width, image.height);
    const side = image.patch * longest;
    const [x, y] = (index ? line.b : line.a).map((share) => share * longest);
    const half = Math.min(side * (AROUND + 0.5), Math.min(image.width, image.height) / 2);
    const [left, top] = [Math.max(half, Math.min(image.width - half, x)) - half, Math.max(half, Math.min(image.height - half, y)) - half];
    return html`<svg key=${index} viewBox=${`${left} ${top} ${2 * half} ${2 * half}`} aria-hidden="true"><image href=${data.image(image.n)} width=${image.width} height=${image.height} />
      <rect class="patch" x=${x - side / 2} y=${y - side / 2} width=${side} height=${side} stroke=${colorOf(line.a)} stroke-width=${half / 28} /></svg>`;
  })}<p class="hint" role="status">Match ${number} of ${of}<br />similarity ${line.similarity.toFixed(2)}</p></div>`;
}

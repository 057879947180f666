// Small plots as SVG: scores with intervals, points, parallel axes, curves. A plot is one stop of the Tab key; arrows
// go from item to item, and a line of text says what the chosen one is.

import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { Words } from "./parts.js";

/** About `most` round numbers between two, the ends included where they are round. */
export function ticks(low, high, most = 6) {
  if (!(high > low)) return [low];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  if (!Number.isFinite(first)) return [low, high];
  const values = Array.from({ length: 2 * most }, (_, index) => (first + index) * step).filter((value) => value <= high + step * 1e-9);
  return [...new Set(values.map((value) => Number(value.toPrecision(12))))];
}

/** A number in few characters. */
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size && (size < 0.001 || size >= 1e5)) return value.toExponential(1);
  return String(Number(value.toPrecision(size >= 1000 ? 5 : 3)));
}

/** The smallest and the largest of values, of which there may be very many. */
const rangeOf = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);

/** An axis from values: {low, high, log, choices, place(value) from 0 to 1, ticks: [[value, text], ...]}. */
export function axisOf(values, { log = false, choices = null, from = null, to = null } = {}) {
  const known = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  let [low, high] = choices ? [0, choices.length - 1] : known.length ? rangeOf(known) : [0, 1];
  if (from !== null) low = Math.min(low, from);
  if (to !== null) high = Math.max(high, to);
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - Math.max(0.5, Math.abs(low) * 1e-6), high + Math.max(0.5, Math.abs(high) * 1e-6)];
  const turn = log ? Math.log10 : (value) => value;
  const pad = choices ? 0.5 : 0.04 * (turn(high) - turn(low));
  const [first, last] = [turn(low) - pad, turn(high) + pad];
  const place = (value) => (turn(value) - first) / (last - first);
  const round = ticks(low, high);
  const decimals = round.length > 1 ? Math.max(0, Math.min(8, Math.ceil(-Math.log10(round[1] - round[0]) - 1e-9))) : 2;
  let marks = round.map((value) => [value, Math.abs(value) >= 1e5 ? short(value) : value.toFixed(decimals)]);
  if (choices) marks = choices.map((text, index) => [index, text.slice(0, 14)]);
  else if (log) {
    const powers = ticks(Math.ceil(turn(low)), Math.floor(turn(high)), 5).filter(Number.isInteger).map((power) => [10 ** power, short(10 ** power)]);
    marks = powers.length > 1 ? powers : [[low, short(low)], [high, short(high)]];
  }
  return { low, high, log, choices, place, ticks: marks };
}

/** The text of a value of an axis. */
export const textOf = (axis, value) => (axis.choices ? (axis.choices[value] ?? "–") : short(value));

/**
 * A plot that is as wide as its place. `draw(width, height)` returns SVG; `count` items can be chosen by arrows, `say`
 * describes one, `picked` is the chosen one or -1, and `pick` chooses.
 */
export function Plot({ label, height, count, picked, pick, press, say, draw }) {
  const root = useRef();
  const [width, resize] = useState(0);
  const [focused, focus] = useState(false);
  useEffect(() => {
    const watch = new ResizeObserver(() => resize(root.current.clientWidth));
    watch.observe(root.current);
    return () => watch.disconnect();
  }, []);
  const key = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    let next = { Home: 0, End: count - 1 }[event.key];
    if (steps[event.key]) next = picked < 0 ? (steps[event.key] > 0 ? 0 : count - 1) : Math.max(0, Math.min(count - 1, picked + steps[event.key]));
    if ((event.key === "Enter" || event.key === " ") && picked >= 0) press?.(picked);
    else if (next === undefined || !count) return;
    else pick(next);
    event.preventDefault();
  };
  return html`<figure class="plot"><div ref=${root} class="plot-area">${width > 0 && html`<svg viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} role="application" tabindex="0" aria-label=${`${label}; arrow keys go through its ${count} values`} onKeyDown=${key} onFocus=${() => focus(true)} onBlur=${() => focus(false)}>${draw(width, height)}</svg>`}</div>
    <p class="hint reading" role=${focused ? "status" : undefined}>${picked >= 0 && picked < count ? html`<${Words} text=${say(picked)} most=${1000} />` : `Point at the plot, or choose it with Tab and press arrow keys, to read values.`}</p></figure>`;
}

/** Grid lines and numbers of a horizontal axis. */
export const Across = ({ axis, left, right, top, bottom, title, most = 99 }) => html`<g class="axis">${axis.ticks.slice(0, most).map(([value, text]) => {
  const x = left + axis.place(value) * (right - left);
  return html`<path d=${`M${x},${top}V${bottom}`} /><text x=${x} y=${bottom + 16} text-anchor="middle">${text}</text>`;
})}${title && html`<text class="title" x=${(left + right) / 2} y=${bottom + 34} text-anchor="middle">${title}</text>`}</g>`;

/** Grid lines and numbers of a vertical axis. */
export const Down = ({ axis, left, right, top, bottom, title }) => html`<g class="axis">${axis.ticks.map(([value, text]) => {
  const y = bottom - axis.place(value) * (bottom - top);
  return html`<path d=${`M${left},${y}H${right}`} /><text x=${left - 6} y=${y + 4} text-anchor="end">${text}</text>`;
})}${title && html`<text class="title" x=${left - 6} y=${top - 8} text-anchor="middle">${title}</text>`}</g>`;

/**
 * Scores as dots with whiskers, a row for each system. `rows`: [{label, dots: [{name, value, low, high, n, hollow, weak}]}];
 * `mark` is a reference, {value, text}.
 */
export function DotPlot({ label, rows, mark, from = null, title }) {
  const [picked, pick] = useState(-1);
  const dots = rows.flatMap((row, index) => row.dots.map((dot) => ({ ...dot, row: index, label: row.label })));
  const axis = axisOf(dots.flatMap((dot) => [dot.value, dot.low, dot.high]).concat(mark ? [mark.value] : []), { from });
  const say = (index) => {
    const { label: system, name, value, low, high, n } = dots[index];
    const interval = Number.isFinite(low) && Number.isFinite(high) ? `, 95% interval ${low.toFixed(2)} to ${high.toFixed(2)}` : "";
    return `${system}, ${name}: ${value.toFixed(2)}${interval}${Number.isFinite(n) ? `, n = ${n}` : ""}`;
  };
  const draw = (width, height) => {
    const names = width > 560;
    const [left, right, top, bottom] = [names ? Math.min(260, width * 0.3) : 12, width - 14, 14, height - 42];
    const line = (bottom - top) / rows.length;
    const x = (value) => left + axis.place(value) * (right - left);
    return html`<${Across} axis=${axis} left=${left} right=${right} top=${top} bottom=${bottom} title=${title} />
      ${mark && html`<path class="reference" d=${`M${x(mark.value)},${top}V${bottom}`} /><text class="title" x=${x(mark.value) - 5} y=${top + 2} text-anchor="end">${mark.text}</text>`}
      ${rows.map((row, index) => html`<text class="row" dir="auto" x=${names ? left - 12 : left} y=${names ? top + (index + 0.5) * line + 4 : top + index * line + 16} text-anchor=${names ? "end" : "start"}>${row.label.length > 34 ? `${row.label.slice(0, 33)}…` : row.label}</text>`)}
      ${dots.map((dot, index) => {
        const inRow = dots.filter((other) => other.row === dot.row);
        const space = names ? line : line - 18;
        const y = top + dot.row * line + (line - space) + ((inRow.indexOf(dot) + 1) * space) / (inRow.length + 1);
        return html`<g class=${`dot ${dot.hollow ? "hollow" : ""} ${dot.weak ? "weak" : ""} ${index === picked ? "now" : ""}`} onPointerEnter=${() => pick(index)} onClick=${() => pick(index)}>
          <rect class="catch" x=${x(dot.low ?? dot.value) - 8} y=${y - 8} width=${x(dot.high ?? dot.value) - x(dot.low ?? dot.value) + 16} height="16" />
          ${Number.isFinite(dot.low) && Number.isFinite(dot.high) && html`<path d=${`M${x(dot.low)},${y}H${x(dot.high)}M${x(dot.low)},${y - 4}v8M${x(dot.high)},${y - 4}v8`} />`}<circle cx=${x(dot.value)} cy=${y} r=${index === picked ? 7 : 5} /></g>`;
      })}`;
  };
  const most = rows.reduce((number, row) => Math.max(number, row.dots.length), 0);
  return html`<${Plot} label=${label} height=${70 + rows.length * (26 + 16 * most)} count=${dots.length} picked=${picked} pick=${pick} say=${say} draw=${draw} />`;
}

/**
 * Lines over epochs. `lines`: [{values, low, high, color, every}], of which `picked` is drawn on top; values are those of
 * the epochs 1, 1 + `every`, 1 + 2 `every`, and so on.
 */
export function Curves({ label, lines, picked, pick, press, say, title, best }) {
  const shown = lines.flatMap(({ values, low = [], high = [] }) => values.concat(low, high));
  const axis = axisOf(shown);
  const longest = lines.reduce((most, { values, every = 1 }) => Math.max(most, (values.length - 1) * every + 1), 1);
  const epochs = axisOf([1, longest]);
  epochs.ticks = epochs.ticks.filter(([value]) => Number.isInteger(value));
  const draw = (width, height) => {
    const [left, right, top, bottom] = [48, width - 14, 24, height - 42];
    const at = (value, index, every = 1) => `${left + epochs.place(index * every + 1) * (right - left)},${bottom - axis.place(value) * (bottom - top)}`;
    const path = (values, every) => values.reduce((text, value, index) => (Number.isFinite(value) ? `${text}${text ? "L" : "M"}${at(value, index, every)}` : text), "");
    const band = ({ low, high }) => {
      const known = low.map((_, index) => index).filter((index) => Number.isFinite(low[index]) && Number.isFinite(high[index]));
      const corners = [...known.map((index) => at(low[index], index)), ...known.reverse().map((index) => at(high[index], index))];
      return corners.length ? `M${corners.join("L")}Z` : "";
    };
    const nearest = (event) => {
      if (lines.length > 1) return;
      const place = (event.offsetX - left) / (right - left);
      let closest = 0;
      for (let index = 1; index < longest; index++) if (Math.abs(epochs.place(index + 1) - place) < Math.abs(epochs.place(closest + 1) - place)) closest = index;
      pick(closest);
    };
    const single = lines.length === 1;
    return html`<${Down} axis=${axis} left=${left} right=${right} top=${top} bottom=${bottom} title=${title} /><${Across} axis=${epochs} left=${left} right=${right} top=${top} bottom=${bottom} title="epoch" />
      <rect class="catch" x=${left} y=${top} width=${right - left} height=${bottom - top} onPointerMove=${nearest} />
      ${best && html`<path class="reference" d=${`M${left + epochs.place(best) * (right - left)},${top}V${bottom}`} />`}
      ${lines.map((line, index) => html`<g key=${index} class=${`curve ${!single && picked >= 0 && picked !== index ? "dim" : ""} ${index === picked && !single ? "now" : ""}`}>${line.low && html`<path class="band" d=${band(line)} />`}<path d=${path(line.values, line.every)} stroke=${line.color} />
        ${line.values.length === 1 && Number.isFinite(line.values[0]) && html`<circle cx=${at(line.values[0], 0).split(",")[0]} cy=${at(line.values[0], 0).split(",")[1]} r="3.5" fill=${line.color} />`}
        ${!single && html`<path class="reach" d=${path(line.values, line.every)} onPointerEnter=${() => pick(index)} onClick=${() => press?.(index)} />`}</g>`)}
      ${single && picked >= 0 && Number.isFinite(lines[0].values[picked]) && html`<circle class="spot" cx=${at(lines[0].values[picked], picked).split(",")[0]} cy=${at(lines[0].values[picked], picked).split(",")[1]} r="5" />`}`;
  };
  return html`<${Plot} label=${label} height=${260} count=${lines.length === 1 ? lines[0].values.length : lines.length} picked=${picked} pick=${pick} press=${press} say=${say} draw=${draw} />`;
}

// Colors of the frames on the map: a palette for categories and clusters, a ramp for numbers.

import * as data from "./data.js";
import { nameOf, numberOf } from "./labels.js";

// Twelve hues that stay apart on light and dark grounds (after Paul Tol's schemes), gray for the remaining values.
const PALETTE = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee8866", "#44bb99", "#ffaabb", "#77aadd", "#bbcc33", "#9970ab"];
const OTHER = "#9a9a9a";
const RAMP = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"]; // viridis

/** Four bytes as one number, in the order of memory, so that a color is written at once. */
const packed = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
const bytes = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** The color of a share from 0 to 1: red, green and blue, 0 to 255. */
export function ramp(t) {
  const place = Math.max(0, Math.min(0.9999, t)) * (RAMP.length - 1);
  const [low, high] = [bytes(RAMP[Math.floor(place)]), bytes(RAMP[Math.floor(place) + 1])];
  return low.map((value, i) => Math.round(value + (high[i] - value) * (place % 1)));
}

/** What may color the map: [{name, label}]. */
export function choices(archive) {
  const columns = archive.columns.filter((column) => column.kind !== "text").map(({ name, label }) => ({ name, label }));
  const clusters = archive.clusters.map(({ name }) => ({ name: `cluster:${name}`, label: `Clusters: ${name}` }));
  const labels = archive.labels.flatMap(({ name, tasks }) => tasks.map((task) => ({ name: `label:${name}:${task}`, label: `Predicted ${task} (${name})` })));
  return [...columns, ...clusters, ...labels];
}

/** Returns {tints: 4 bytes of each artwork, legend: [{text, color, filter}]} for `color` of the state. */
export async function tintsOf(archive, color) {
  const tints = new Uint8Array(4 * archive.count);
  const whole = new Uint32Array(tints.buffer);
  const legend = color ? await paint(archive, color, whole) : null;
  return { tints, legend };
}

async function paint(archive, color, tints) {
  if (color.startsWith("cluster:")) return clusters(tints, color.slice(8));
  const column = archive.columns.find((item) => item.name === color);
  if (column?.kind === "number") return numbers(tints, column);
  const name = color.startsWith("label:") ? `label/${color.slice(6).replace(":", "/")}` : color;
  const [codes, values] = await Promise.all([data.column(name), data.values(name)]);
  const palette = values.map((_, index) => packed(bytes(PALETTE[index] ?? OTHER)));
  for (let n = 0; n < codes.length; n++) if (codes[n]) tints[n] = palette[codes[n] - 1];
  const legend = values.slice(0, PALETTE.length).map(([text], index) => ({ text, color: PALETTE[index], filter: `${name}:${text}` }));
  if (values.length > PALETTE.length) legend.push({ text: `${values.length - PALETTE.length} more`, color: OTHER });
  return legend;
}

async function clusters(tints, name) {
  const [labels, info] = await Promise.all([data.clusterOf(name), data.clusterInfo(name)]);
  const palette = PALETTE.map((hex) => packed(bytes(hex)));
  for (let n = 0; n < labels.length; n++) if (labels[n] >= 0) tints[n] = palette[labels[n] % palette.length];
  return info.slice(0, 12).map((cluster, index) => {
    const label = numberOf(cluster, index);
    return { text: nameOf(cluster, label), color: PALETTE[label % PALETTE.length], cluster: `${name}:${label}` };
  });
}

async function numbers(tints, column) {
  const values = await data.column(column.name, "number");
  const sorted = values.filter(Number.isFinite).sort();
  const [low, high] = [sorted[Math.floor(sorted.length * 0.02)], sorted[Math.floor(sorted.length * 0.98)]];
  for (let n = 0; n < values.length; n++) {
    if (Number.isFinite(values[n])) tints[n] = packed(ramp((values[n] - low) / (high - low || 1)));
  }
  return [0, 0.25, 0.5, 0.75, 1].map((t) => ({ text: String(Math.round(low + t * (high - low))), color: `rgb(${ramp(t).join(",")})` }));
}

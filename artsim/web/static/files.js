// Answers requests of the API from the files of a static export, which `jobs.export_site` writes.

import { find } from "./words.js";

const ROOT = new URL("../", import.meta.url);
const PER_FOLDER = 1000; // pictures
const NONE = 0xffffffff;
const kept = new Map();
let archive = null;

const fetchFile = async (name) => {
  const address = `${new URL(name, ROOT).href}${archive ? `?v=${archive.version}` : ""}`;
  const found = await fetch(address, archive ? {} : { cache: "no-cache" });
  if (!found.ok) throw new Error(`${name} is missing on this site`);
  return found;
};

function json(name) {
  if (!kept.has(name)) {
    const pending = fetchFile(name).then((found) => found.json());
    pending.catch(() => kept.delete(name));
    kept.set(name, pending);
  }
  return kept.get(name);
}

/** The file of a request that needs no work, below the folder of the site. */
function nameOf(path) {
  const [kind, name = "", task] = path.split("?")[0].slice("/api/".length).split("/").map(decodeURIComponent);
  const number = Number.parseInt(name, 10);
  const values = path.split("?")[0].endsWith("/values") ? "-values.json" : ".bin";
  const place = (list) => list.findIndex((item) => (item.name ?? item) === name);
  switch (kind) {
    case "colors":
    case "tiles": return `api/${kind}.bin`;
    case "atlas": return `api/atlas/${number}.jpg`;
    case "thumbnails":
    case "images": return `api/${kind}/${Math.floor(number / PER_FOLDER)}/${number}.jpg`;
    case "columns": return `api/columns/${name}${values}`;
    case "layouts": return `api/layouts/${place(archive.layouts)}.bin`;
    case "clusters": return `api/clusters/${place(archive.clusters)}${task === "info" ? "-info.json" : ".bin"}`;
    case "duplicates": return `api/duplicates/${place(archive.duplicates)}.json`;
    case "labels": return `api/labels/${place(archive.labels)}-${archive.labels[place(archive.labels)]?.tasks.indexOf(task)}${values}`;
    default: throw new Error("this needs a server; a published site has none");
  }
}

export const fileOf = (path) => `${new URL(nameOf(path), ROOT).href}?v=${archive.version}`;

const short = async (n) => (await json(`api/records/${Math.floor(n / archive.static.short)}.json`))[n % archive.static.short];
const full = async (n) => (await json(`api/artworks/${Math.floor(n / archive.static.full)}.json`))[n % archive.static.full];

/** Compares texts as their UTF-8 bytes, which is the order of ids. */
function before(one, other) {
  const [a, b] = [one, other].map((text) => new TextEncoder().encode(text));
  for (let index = 0; index < Math.min(a.length, b.length); index++) if (a[index] !== b[index]) return a[index] < b[index];
  return a.length < b.length;
}

async function lookup(id) {
  const firsts = await json("api/ids.json");
  let [low, high] = [0, firsts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(id, firsts[middle])) high = middle;
    else low = middle + 1;
  }
  const record = low > 0 && (await json(`api/records/${low - 1}.json`)).find((item) => item.id === id);
  if (!record) throw new Error(`${id.slice(0, 100)}: no such artwork`);
  return { n: record.n };
}

async function neighbors(features, n) {
  const { chunk, neighbors: k } = archive.static;
  const name = `api/neighbors/${Math.max(0, archive.features.indexOf(features))}/${Math.floor(n / chunk)}.bin`;
  if (!kept.has(name)) kept.set(name, fetchFile(name).then((found) => found.arrayBuffer()));
  const content = await kept.get(name);
  const rows = content.byteLength / 8;
  const start = (n % chunk) * k;
  const numbers = new Uint32Array(content, 0, rows).subarray(start, start + k);
  const distances = new Float32Array(content, 4 * rows, rows).subarray(start, start + k);
  return [...numbers].map((number, index) => ({ n: number, distance: distances[index] })).filter((item) => item.n !== NONE);
}

/** The neighbors of one artwork as they were computed; of several, those that are near to most of them. */
async function similar(query) {
  const [examples, weights] = [query.getAll("n").map(Number), query.getAll("weight").map(Number)];
  const lists = await Promise.all(examples.map((n) => neighbors(query.get("features"), n)));
  if (lists.length === 1) return lists[0];
  const scores = new Map();
  lists.forEach((list, index) => {
    for (const { n, distance } of list) scores.set(n, (scores.get(n) ?? 0) + (weights[index] ?? 1) * (1 - distance));
  });
  for (const n of examples) scores.delete(n);
  const best = [...scores].filter(([, score]) => score > 0).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return best.slice(0, Number(query.get("k") ?? 30)).map(([n, score]) => ({ n, distance: 1 - score / lists.length }));
}

async function search(query) {
  const { numbers, scores } = await find(query.get("q") ?? "", fetchFile, archive.count);
  if (query.get("ids")) return numbers;
  const hits = [...numbers.subarray(0, Number(query.get("limit") ?? 50))].map((n, index) => ({ n, score: scores[index] }));
  return { total: numbers.length, hits };
}

const COLUMNS = ["id", "title", "artist", "date", "year_from", "year_to", "style", "type", "technique", "location", "school", "rights", "page_url"];

/** A cell that no spreadsheet runs as a formula. */
function cell(value) {
  const text = String(value ?? "").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "\ufffd");
  const safe = /^\s*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

async function save({ numbers, as }) {
  const records = await Promise.all(numbers.map(short));
  if (as === "ids") return new Blob(records.map(({ id }) => `${id.split(/\s+/).join(" ")}\n`), { type: "text/plain" });
  const rows = [COLUMNS, ...records.map((record) => COLUMNS.map((name) => record[name]))];
  return new Blob(["\ufeff", ...rows.map((row) => `${row.map(cell).join(",")}\r\n`)], { type: "text/csv" });
}

/** Answers a request of the API as a Response. */
export async function answer(path, options) {
  const { pathname, searchParams: query } = new URL(path, location.origin);
  const [, , kind, name] = pathname.split("/");
  if (kind === "archive") return Response.json((archive = await json("api/archive.json")));
  if (kind === "artworks" && name) return Response.json(await full(Number(name)));
  if (kind === "artworks") return Response.json(await Promise.all(query.get("n").split(",").map((n) => short(Number(n)))));
  if (kind === "lookup") return Response.json(await lookup(query.get("id")));
  if (kind === "similar") return Response.json(await similar(query));
  if (kind === "search") {
    const found = await search(query);
    return found instanceof Uint32Array ? new Response(found) : Response.json(found);
  }
  if (kind === "export") return new Response(await save(JSON.parse(options.body)));
  if (kind === "sets" && options) return Response.json({ set: null }); // only this page knows a large selection
  return fetchFile(nameOf(path));
}

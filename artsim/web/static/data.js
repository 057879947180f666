// Fetches from the server, or from the files of a static export. Whatever cannot change while the page is open is asked
// for once.

import { address, ask } from "./source.js";

const cache = new Map();

async function get(path, read) {
  const answer = await ask(path);
  if (!answer.ok) throw new Error(await messageOf(answer));
  return read(answer);
}

async function messageOf(answer) {
  try {
    return (await answer.json()).error || answer.statusText;
  } catch {
    return `${answer.status} ${answer.statusText}`;
  }
}

function once(path, read) {
  if (!cache.has(path)) {
    const pending = get(path, read);
    pending.catch(() => cache.delete(path));
    cache.set(path, pending);
  }
  return cache.get(path);
}

const asJson = (answer) => answer.json();
const asArray = (Type) => async (answer) => new Type(await answer.arrayBuffer());
const part = encodeURIComponent;
let version = "";
const versioned = (path) => `${path}?v=${part(version)}`;

/** What the archive holds; ask for it first, since its version is part of the addresses of all that may be cached. */
export async function archive() {
  const info = await once("/api/archive", asJson);
  version = info.version;
  return info;
}

export const json = (path) => get(path, asJson);
export const jsonOnce = (path) => once(path, asJson);
export const numbers = (path, Type = Uint32Array) => get(path, asArray(Type));
export const layout = (name) => once(versioned(`/api/layouts/${part(name)}`), asArray(Float32Array));
export const colors = () => once(versioned("/api/colors"), asArray(Uint8Array));
export const tiles = () => once(versioned("/api/tiles"), asArray(Uint8Array));
export const clusterOf = (name) => once(versioned(`/api/clusters/${part(name)}`), asArray(Int32Array));
export const clusterInfo = (name) => once(versioned(`/api/clusters/${part(name)}/info`), asJson);
export const atlasAddress = (page) => address(versioned(`/api/atlas/${page}.jpg`));
export const thumbnail = (n) => address(versioned(`/api/thumbnails/${n}.jpg`));
export const image = (n) => address(versioned(`/api/images/${n}.jpg`));

/** A column by its name in the state: `style`, or `label/NAME/TASK` for predicted labels. */
export function column(name, kind = "category") {
  const label = name.startsWith("label/") ? name.split("/").slice(1).map(part).join("/") : null;
  const path = label ? `/api/labels/${label}` : `/api/columns/${part(name)}`;
  return once(versioned(path), asArray(kind === "number" ? Float32Array : Uint16Array));
}

/** The values of a category with their counts, [[value, count], ...]; code i of the column is values[i - 1]. */
export async function values(name) {
  const label = name.startsWith("label/") ? name.split("/").slice(1).map(part).join("/") : null;
  const list = await once(versioned(label ? `/api/labels/${label}/values` : `/api/columns/${part(name)}/values`), asJson);
  return list.map((item) => (Array.isArray(item) ? item : typeof item === "string" ? [item, 0] : [item.value, item.count]));
}

export async function post(path, body) {
  const blob = body instanceof Blob;
  const answer = await ask(path, {
    method: "POST",
    headers: { "Content-Type": blob ? body.type || "image/*" : "application/json" },
    body: blob ? body : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await messageOf(answer));
  return answer;
}

const records = new Map();
let wanted = null;

/** The short record of artwork `n`: {n, id, title, artist, date}. Requests of one moment share a fetch. */
export function record(n) {
  if (!records.has(n)) {
    records.set(
      n,
      new Promise((resolve, reject) => {
        if (!wanted) {
          wanted = new Map();
          setTimeout(fetchWanted, 8);
        }
        wanted.set(n, [resolve, reject]);
      }),
    );
  }
  return records.get(n);
}

async function fetchWanted() {
  const batch = [...wanted];
  wanted = null;
  for (let start = 0; start < batch.length; start += 200) {
    const some = batch.slice(start, start + 200);
    try {
      const list = await json(`/api/artworks?n=${some.map(([n]) => n).join(",")}`);
      const found = new Map(list.map((item) => [item.n, item]));
      for (const [n, [resolve]] of some) resolve(found.get(n) ?? { n, id: "", title: "", artist: "" });
    } catch (error) {
      for (const [n, [, reject]] of some) {
        records.delete(n);
        reject(error);
      }
    }
  }
}

/** The number of the artwork with this id. */
export const numberOf = async (id) => (await jsonOnce(`/api/lookup?id=${part(id)}`)).n;
export const fullRecord = (n) => jsonOnce(`/api/artworks/${n}`);

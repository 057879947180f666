// Where data comes from: the API of a server, or the files of a static export, which answer the same requests.

import { answer, fileOf } from "./files.js";

export const isStatic = document.querySelector('meta[name="artsim-source"]')?.content === "static";

/** Tabs that need a server. */
export const WITHOUT = isStatic ? ["walk", "tables", "runs"] : [];

async function askServer(path, options) {
  const found = await fetch(path, { ...options, headers: { "X-Requested-With": "artsim", ...options?.headers } });
  if (found.status === 401) {
    location.href = "/login";
    throw new Error("the session has ended");
  }
  return found;
}

/** Asks for a path of the API; returns a Response. */
export const ask = isStatic ? answer : askServer;

/** The address of a picture of the API. */
export const address = isStatic ? fileOf : (path) => path;

/** The address of a file of the page. */
export const own = (name) => new URL(name, import.meta.url).href;

// The state of the page is its query string: every view has an address, and back and forward work.

const LISTS = ["filter", "select", "like", "unlike"]; // keys that may occur several times
const listeners = new Set();

function parse(search) {
  const query = new URLSearchParams(search);
  const state = {};
  for (const key of new Set(query.keys())) state[key] = LISTS.includes(key) ? query.getAll(key) : query.get(key);
  for (const key of LISTS) state[key] ??= [];
  return state;
}

function write(state) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== null && item !== undefined && item !== "") query.append(key, item);
    }
  }
  // commas and colons may stand in a query string as they are, and are easier to read
  return "?" + query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/");
}

export let state = parse(location.search);

/** Calls `listener(state)` after every change; returns a function that stops this. */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Changes keys of the state; null removes one. `replace` adds no step to the history, `quiet` tells no listener. */
export function change(patch, { replace = false, quiet = false } = {}) {
  const next = { ...state, ...patch };
  const address = write(next);
  if (address === write(state)) return;
  state = parse(address);
  history[replace ? "replaceState" : "pushState"](null, "", address === "?" ? location.pathname : address);
  if (!quiet) for (const listener of listeners) listener(state);
}

/** Returns the address of this view with some keys changed. */
export function address(patch) {
  return write({ ...state, ...patch });
}

addEventListener("popstate", () => {
  state = parse(location.search);
  for (const listener of listeners) listener(state);
});

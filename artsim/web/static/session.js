// What the page knows besides its address: the archive, what matches, what is selected, open and alike.

import { useEffect, useReducer } from "./vendor/preact.js";

export const session = {
  archive: null,
  matches: null,
  map: null,
  selected: new Set(),
  open: -1, // number of the artwork in the panel
  near: null, // [{n, distance}], the artworks like the examples
  emphasised: [], // numbers with a frame on the map: neighbours, steps of a walk
  uploaded: null, // {url, answer} of the picture that was described last
  message: null,
  busy: 0,
};

const listeners = new Set();

/** Changes keys of the session and draws what depends on it. */
export function update(patch) {
  Object.assign(session, patch);
  for (const listener of listeners) listener();
}

/** Draws the component again after each change of the session. */
export function useSession() {
  const [, draw] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    listeners.add(draw);
    return () => listeners.delete(draw);
  }, []);
  return session;
}

let fading;

/** Shows a sentence at the bottom of the page for some seconds; screen readers say it. */
export function say(message) {
  update({ message });
  clearTimeout(fading);
  fading = setTimeout(() => update({ message: null }), 6000);
}

/** Runs a task with the progress bar shown; a failure becomes a message. */
export async function during(task) {
  update({ busy: session.busy + 1 });
  try {
    return await task();
  } catch (error) {
    say(`That did not work: ${error.message}`);
    return undefined;
  } finally {
    update({ busy: session.busy - 1 });
  }
}

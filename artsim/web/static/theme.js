// Light and dark: as the system asks, unless a person chose otherwise on this page.

const KEY = "artsim-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

export const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";

export function startTheme() {
  const kept = localStorage.getItem(KEY);
  if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
  system.addEventListener("change", () => listeners.forEach((listener) => listener()));
}

export function flipTheme() {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem(KEY, next);
  listeners.forEach((listener) => listener());
}

/** Calls `listener()` after each change. */
export function onTheme(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The ground of the map, three numbers from 0 to 1. */
export function mapGround() {
  const hex = getComputedStyle(document.documentElement).getPropertyValue("--map").trim();
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
}

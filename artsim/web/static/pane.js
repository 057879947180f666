// One view of a layout: its camera, positions, transition, names and minimap. The map has one pane or two.

import { Camera } from "./camera.js";
import { Labels } from "./labels.js";
import { Minimap } from "./minimap.js";
import { Painter } from "./painter.js";
import { Places } from "./places.js";

const HIDDEN = -9;
export const OPENS = 0.75; // growth of the sprites of a map with the zoom: below 1, they move apart
export const ENLARGED = 1.2; // tiles of the atlas: larger sprites show larger thumbnails
const MOVE = 800; // milliseconds of a transition
const still = matchMedia("(prefers-reduced-motion: reduce)");
const ease = (t) => (t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);

export class Pane {
  constructor(root, map, label) {
    this.map = map;
    this.element = document.createElement("div");
    this.element.className = "pane";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "application");
    this.element.setAttribute("aria-label", label);
    this.element.setAttribute("aria-describedby", "map-keys");
    root.append(this.element);
    this.camera = new Camera();
    this.painter = new Painter(map.sprites, this);
    this.labels = new Labels(this.element, (label) => map.actions.cluster(label.cluster));
    this.minimap = new Minimap(this.element, this.camera, () => map.moved(this));
    this.outline = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.outline.setAttribute("class", "outline");
    this.outline.append(document.createElementNS("http://www.w3.org/2000/svg", "polygon"));
    this.element.append(this.outline);
    Object.assign(this, { buffers: {}, before: null, after: null, index: null, began: 0, cell: 0, flight: null, name: null });
  }

  remove() {
    this.element.remove();
    this.painter.remove();
  }

  /** Moves the artworks to another layout. `view` is where the camera goes: a camera's {x, y, zoom}, or the whole. */
  show({ places, cell }, view, animate) {
    const count = places.length / 2;
    const after = new Float32Array(places.length);
    for (let i = 0; i < places.length; i++) after[i] = Number.isFinite(places[i]) ? places[i] : HIDDEN;
    const before = this.after ? this.#current() : after;
    const box = (this.index = new Places(after)).box;
    const moving = animate && this.after && !still.matches && count <= 300000;
    if (moving) {
      // coordinates of both layouts start at the box's corner, so that nothing flies in from outside
      for (let n = 0; n < count; n++) if (before[2 * n] < -1 || after[2 * n] < -1) before.set(after.subarray(2 * n, 2 * n + 2), 2 * n);
    }
    this.after = after;
    this.before = moving ? before : after;
    this.cell = cell;
    this.map.sprites.place(this.buffers, this.before, after);
    this.painter.remove();
    const size = Math.max(box.right - box.left, box.bottom - box.top, 0.001);
    const scale = this.camera.scale;
    this.sideBefore = this.natural ? this.side() : 0;
    this.camera.frame(box, cell ? cell / 2 : size * 0.02);
    this.natural = cell ? cell * 0.92 : Math.max(this.index.spacing * (this.index.isSpaced ? 1 : 1.35), size / Math.min(90, Math.max(60, this.index.placed / 8)));
    this.began = moving ? performance.now() : -Infinity;
    const target = view ?? this.camera.whole();
    if (moving) {
      this.camera.zoom = Math.log2(scale / this.camera.fit); // the same scale as before; the flight starts from there
      this.fly(target);
    }
    else Object.assign(this.camera, target);
  }

  #current() {
    const t = ease(this.progress());
    if (t >= 1) return this.after.slice();
    return this.after.map((value, i) => this.before[i] * (1 - t) + value * t);
  }

  progress(now = performance.now()) {
    return Math.min(1, (now - this.began) / MOVE);
  }

  /** Moves the camera in one sweep. */
  fly(target) {
    const from = { x: this.camera.x, y: this.camera.y, zoom: this.camera.zoom };
    if (still.matches) Object.assign(this.camera, target);
    else this.flight = { from, target, began: performance.now() };
    this.map.redraw();
  }

  /** Advances transitions; returns whether any is left. */
  advance(now) {
    if (this.flight) {
      const { from, target, began } = this.flight;
      const t = ease(Math.min(1, (now - began) / MOVE));
      for (const key of ["x", "y", "zoom"]) this.camera[key] = from[key] * (1 - t) + target[key] * t;
      if (t >= 1) this.flight = null;
    }
    return Boolean(this.flight) || this.progress(now) < 1;
  }

  /** The longest side of a sprite in CSS pixels: as the grid grows, or slower than a map, so that it opens up. */
  side() {
    const t = ease(this.progress());
    const after = this.#sideAt(this.camera.zoom);
    return t < 1 && this.sideBefore ? this.sideBefore * (1 - t) + after * t : after;
  }

  #sideAt(zoom) {
    const whole = this.natural * this.camera.fit;
    if (this.cell) return Math.min(whole * 2 ** zoom, this.map.sprites.largest);
    const few = Math.min(2.4, (this.index.placed / Math.max(this.map.matching, 1)) ** 0.3); // few matches are drawn larger
    return Math.min(Math.max(whole * few, 3) * 2 ** (OPENS * zoom), 260);
  }

  /** What sprites.js draws of this pane: the camera, in pixels of the screen, at a whole number of them. */
  shot(now) {
    const { camera, rect } = this;
    const { density } = this.map;
    const scale = camera.scale * density;
    const center = [camera.x, camera.y].map((value) => Math.round(value * scale) / scale);
    return { ...this.#sized(this.side(), density), center, scale, progress: ease(this.progress(now)), width: rect.width, height: rect.height };
  }

  /** The same of the whole layout, half as large. */
  overview() {
    const { camera, rect } = this;
    const density = this.map.density / 2;
    const { x, y } = camera.whole();
    const size = { width: Math.ceil(rect.width / 2), height: Math.ceil(rect.height / 2) };
    return { ...this.#sized(this.#sideAt(0), density), center: [x, y], scale: camera.fit * density, progress: 1, ...size };
  }

  #sized(side, density) {
    return { side: side * density, border: Math.max(1.5, Math.min(4, side * density * 0.05)) * density };
  }

  /** Draws as much of a view as the budget allows; returns whether anything is left. `version`: of the content. */
  draw(view, version, budget) {
    const moving = view.progress < 1;
    if (moving || this.wasMoving) this.painter.redraw(view, version);
    this.wasMoving = moving;
    return this.painter.advance(view, this.overview(), version, budget);
  }

  /** The part of the layout that a rectangle of a view shows, and that sprites reach from outside it. */
  #part(view, { x, y, width, height }) {
    const reach = Math.max(1.25 * view.side, 12) / 2 + 1;
    const [left, top] = [x - reach - view.width / 2, y - reach - view.height / 2].map((value, axis) => value / view.scale + view.center[axis]);
    return [left, top, left + (width + 2 * reach) / view.scale, top + (height + 2 * reach) / view.scale];
  }

  /** About how many artworks are in a rectangle of a view. */
  count(view, rect) {
    return this.index.around(...this.#part(view, rect));
  }

  /** Draws the artworks in a rectangle of a picture, with the larger thumbnails that are loaded. */
  paint(picture, rect) {
    const { sprites, thumbnails, archive, tints, flags } = this.map;
    const { view } = picture;
    const numbers = view.progress < 1 ? sprites.all : Uint32Array.from(this.index.inside(...this.#part(view, rect))).sort();
    sprites.draw(picture, rect, this.buffers, view, numbers);
    if (view.progress < 1 || view.side < archive.atlas.tile * ENLARGED) return;
    const large = thumbnails.gather(numbers, { places: this.after, tints, flags });
    if (large.count) sprites.drawLarge(large);
  }

  /** A larger thumbnail has arrived. */
  enlarge(n) {
    if (!this.after || this.after[2 * n] < -1) return;
    this.painter.spoil(this.after[2 * n], this.after[2 * n + 1], (side) => Math.max(1.25 * side, 12) + 2);
  }

  /** The view as text for the address, or null when it is the whole layout. */
  view() {
    const { camera } = this;
    const whole = camera.whole();
    const same = Math.abs(camera.zoom) < 0.01 && Math.hypot(camera.x - whole.x, camera.y - whole.y) * camera.fit < 2;
    return same ? null : camera.toText();
  }

  /** The topmost artwork whose sprite covers a pixel of the pane; -1 if there is none. */
  hit(px, py) {
    const { camera, map } = this;
    const half = Math.max(this.side() / 2, 4);
    const [x, y] = camera.toLayout(px, py);
    const reach = half / camera.scale;
    let [best, rank] = [-1, -1];
    for (const n of this.index.inside(x - reach, y - reach, x + reach, y + reach)) {
      const flags = map.flags[n];
      if (!(flags & 1)) continue;
      const [w, h] = [map.tiles[2 * n], map.tiles[2 * n + 1]];
      const longest = Math.max(w, h, 1);
      if (Math.abs(this.after[2 * n] - x) > Math.max((reach * w) / longest, 3 / camera.scale)) continue;
      if (Math.abs(this.after[2 * n + 1] - y) > Math.max((reach * h) / longest, 3 / camera.scale)) continue;
      const order = (flags & 8 ? 3 : flags & 2 ? 2 : flags & 4 ? 1 : 0) * 2 ** 24 + n;
      if (order > rank) [best, rank] = [n, order];
    }
    return best;
  }

  /** The matching artworks in view, those nearest to the center first. */
  inView(most) {
    const { camera, map } = this;
    const [left, top] = camera.toLayout(0, 0);
    const [right, bottom] = camera.toLayout(camera.width, camera.height);
    const list = this.index.inside(left, top, right, bottom).filter((n) => map.flags[n] & 1);
    if (list.length > most) return [];
    const far = (n) => (this.after[2 * n] - camera.x) ** 2 + (this.after[2 * n + 1] - camera.y) ** 2;
    return list.sort((a, b) => far(a) - far(b));
  }
}

// The map: one or two panes over one canvas, drawn when something changes, in portions that fit into a frame.

import * as data from "./data.js";
import { control } from "./controls.js";
import { gestures } from "./gestures.js";
import { Pace } from "./pace.js";
import { ENLARGED, OPENS, Pane } from "./pane.js";
import { Sprites } from "./sprites.js";
import { Thumbnails } from "./thumbnails.js";

const TOOLS = 52; // pixels of the tools at the left
const LARGE = 600; // artworks in view up to which larger thumbnails are fetched

export class ArtMap {
  /** `actions`: open(n), toggle(n), enclose(numbers, mode), hover(n, x, y), moved(text), cluster(name), pictured(), failed(error). */
  constructor(root, archive, actions) {
    Object.assign(this, { root, archive, actions, panes: [], tool: "pan", names: true, pending: false, paged: false, matching: archive.count, version: 0, pictured: false });
    this.canvas = document.createElement("canvas");
    this.canvas.className = "sprites";
    root.append(this.canvas);
    this.sprites = new Sprites(this.canvas, archive.count, archive.atlas);
    this.pace = new Pace(this.sprites.gl);
    this.thumbnails = new Thumbnails(this.sprites.gl, (n) => {
      for (const pane of this.panes) pane.enlarge(n);
      this.redraw();
    });
    this.flags = new Uint8Array(archive.count).fill(1);
    this.tints = new Uint8Array(4 * archive.count);
    this.tiles = new Uint8Array(2 * archive.count).fill(archive.atlas.tile);
    this.colors = new Uint8Array(3 * archive.count).fill(140);
    this.paneCount(1);
    new ResizeObserver(() => this.resize()).observe(root);
  }

  /** Loads the colors, drawn until pictures arrive. */
  async load() {
    const [colors, tiles] = await Promise.all([data.colors(), data.tiles()]);
    this.colors = colors;
    this.tiles = tiles;
    this.sprites.fill("color", colors);
    this.sprites.fill("size", tiles);
    this.paintMinimaps();
    this.repaint();
  }

  /** Loads the atlas when sprites are first large enough to see a picture; each page appears as it arrives. */
  async #loadPages() {
    this.paged = true;
    const pages = Array.from({ length: this.archive.atlas.pages }, (_, page) => page);
    const worker = async () => {
      while (pages.length) {
        const page = pages.shift();
        const answer = await fetch(data.atlasAddress(page));
        if (!answer.ok) continue;
        const bitmap = await createImageBitmap(await answer.blob());
        this.sprites.page(page, bitmap);
        bitmap.close();
        this.repaint();
      }
    };
    await Promise.all([worker(), worker()]).catch((error) => this.actions.failed(error));
    this.pictured = true;
    this.redraw();
  }

  paneCount(count) {
    while (this.panes.length > count) this.panes.pop().remove();
    while (this.panes.length < count) {
      const pane = new Pane(this.root, this, this.panes.length ? "Second map of the artworks" : "Map of the artworks");
      if (!this.panes.length && this.root.clientWidth > 600) pane.camera.inset = TOOLS;
      control(pane.element, gestures(this, pane));
      this.panes.push(pane);
    }
    this.root.classList.toggle("split", count > 1);
    this.resize();
  }

  resize() {
    const density = Math.min(devicePixelRatio || 1, 2);
    const box = this.root.getBoundingClientRect();
    if (!box.width) return;
    this.density = density;
    this.canvas.width = Math.round(box.width * density);
    this.canvas.height = Math.round(box.height * density);
    for (const pane of this.panes) {
      const own = pane.element.getBoundingClientRect();
      pane.camera.resize(own.width, own.height);
      const [left, right] = [own.left - box.left, own.right - box.left].map((value) => Math.round(value * density));
      const [top, bottom] = [own.top - box.top, own.bottom - box.top].map((value) => Math.round(value * density));
      pane.rect = { x: left, y: top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
    }
    this.shown = null;
    this.#draw(performance.now());
  }

  /** Sets which artworks match (1), are selected (2), emphasised (4), open (8): the sum is the flag of each. */
  mark(flags) {
    this.flags = flags;
    this.matching = 0;
    for (const flag of flags) this.matching += flag & 1;
    this.sprites.fill("flags", flags);
    this.paintMinimaps();
    this.repaint();
  }

  /** Sets the color of the frame of each artwork, 4 bytes; the last is 0 for none. */
  tint(tints) {
    this.tints = tints;
    this.sprites.fill("tint", tints);
    this.repaint();
  }

  paintMinimaps() {
    for (const pane of this.panes) if (pane.after) pane.minimap.paint(pane.after, this.colors, this.flags);
  }

  background(color) {
    this.sprites.ground = color;
    this.repaint();
  }

  moved(pane) {
    this.redraw();
    clearTimeout(this.settled);
    this.settled = setTimeout(() => {
      this.#want();
      if (pane === this.panes[0]) this.actions.moved(pane.view());
    }, 150);
  }

  /** The content has changed, not only the camera. */
  repaint() {
    this.version++;
    this.redraw();
  }

  redraw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame((now) => {
      this.pending = false;
      this.#draw(now);
    });
  }

  #draw(now) {
    if (!this.panes[0]?.after || !this.canvas.width) return;
    const panes = this.panes.filter((pane) => pane.after && pane.rect);
    const moving = panes.filter((pane) => pane.advance(now)).length > 0;
    const views = panes.map((pane) => pane.shot(now));
    const shown = JSON.stringify(views);
    const budget = this.pace.begin(shown !== this.shown);
    const unfinished = panes.filter((pane, index) => pane.draw(views[index], this.version, budget)).length > 0;
    if (shown !== this.shown || panes.some((pane) => pane.painter.changed)) this.#show(panes, views);
    this.shown = shown;
    this.pace.end(budget);
    panes.forEach((pane, index) => pane.labels.draw(pane.camera, this.names && views[index].progress >= 1));
    if (!this.paged && panes.some((pane) => pane.side() * this.density > 3)) this.#loadPages();
    if (moving || unfinished) this.redraw();
    if (this.pictured && panes.every((pane) => pane.painter.isFinished)) {
      this.pictured = false;
      this.actions.pictured();
    }
    if (this.wasMoving && !moving) this.#want();
    this.wasMoving = moving;
  }

  /** Copies the pictures of the panes to the canvas. */
  #show(panes, views) {
    this.sprites.clear();
    panes.forEach((pane, index) => {
      pane.painter.show(views[index], pane.rect, this.canvas.height);
      pane.minimap.draw();
    });
  }

  #want() {
    const enlarged = this.panes.filter((pane) => pane.after && pane.side() * this.density >= this.archive.atlas.tile * ENLARGED);
    const wanted = enlarged.flatMap((pane) => pane.inView(LARGE));
    if (wanted.length) this.thumbnails.want(wanted);
  }

  zoom(levels) {
    const { camera } = this.panes[0];
    camera.zoomAt(camera.width / 2, camera.height / 2, levels);
    this.moved(this.panes[0]);
  }

  whole() {
    for (const pane of this.panes) pane.fly(pane.camera.whole());
    this.moved(this.panes[0]);
  }

  /** Flies to an artwork in every pane, unless it is in view already. */
  reveal(n) {
    for (const pane of this.panes) {
      if (!pane.after || pane.after[2 * n] < -1) continue;
      const [x, y] = pane.camera.toPane(pane.after[2 * n], pane.after[2 * n + 1]);
      if (x > 20 && y > 20 && x < pane.camera.width - 20 && y < pane.camera.height - 20 && pane.side() > 24) continue;
      const zoom = Math.max(pane.camera.zoom, Math.min(6, Math.log2(60 / Math.max(pane.natural * pane.camera.fit, 1)) / (pane.cell ? 1 : OPENS)));
      pane.fly({ x: pane.after[2 * n], y: pane.after[2 * n + 1], zoom });
    }
  }
}

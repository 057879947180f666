// Larger thumbnails of the artworks in view, in one texture whose cells are reused, the longest unseen first.

import { thumbnail } from "./data.js";

const CELL = 256;
const SIDE = 4096;
const COLUMNS = SIDE / CELL;
const SLOTS = COLUMNS * COLUMNS;
const AT_ONCE = 6; // requests

export class Thumbnails {
  /** `arrived(n)` is called when a thumbnail can be drawn. */
  constructor(gl, arrived) {
    Object.assign(this, { gl, arrived, slots: new Map(), free: [], loading: new Set(), failed: new Set(), queue: [], texture: null });
  }

  #start() {
    const { gl } = this;
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGB565, SIDE, SIDE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    this.free = Array.from({ length: SLOTS }, (_, index) => SLOTS - 1 - index);
  }

  /** Asks for the thumbnails of these artworks, the most wanted first; requests not yet sent are dropped. */
  want(list) {
    if (!this.texture) this.#start();
    const wanted = list.slice(0, SLOTS);
    for (const n of wanted) {
      const slot = this.slots.get(n);
      if (slot) {
        this.slots.delete(n); // a Map keeps the order of insertion: the first is the longest unseen
        this.slots.set(n, slot);
      }
    }
    this.queue = wanted.filter((n) => !this.slots.has(n) && !this.loading.has(n) && !this.failed.has(n));
    this.#next();
  }

  #next() {
    while (this.loading.size < AT_ONCE && this.queue.length) this.#load(this.queue.shift());
  }

  async #load(n) {
    this.loading.add(n);
    try {
      const answer = await fetch(thumbnail(n));
      if (!answer.ok) throw new Error(answer.statusText);
      let bitmap = await createImageBitmap(await answer.blob());
      const most = Math.max(bitmap.width, bitmap.height);
      if (most > 254) {
        const [resizeWidth, resizeHeight] = [bitmap.width, bitmap.height].map((side) => Math.max(2, Math.round((side * 254) / most)));
        bitmap = await createImageBitmap(bitmap, { resizeWidth, resizeHeight, resizeQuality: "medium" });
      }
      this.#put(n, bitmap);
      this.arrived(n);
    } catch {
      this.failed.add(n);
    } finally {
      this.loading.delete(n);
      this.#next();
    }
  }

  #put(n, bitmap) {
    const { gl } = this;
    if (!this.free.length) {
      const [oldest, { slot }] = this.slots.entries().next().value;
      this.slots.delete(oldest);
      this.free.push(slot);
    }
    const slot = this.free.pop();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, (slot % COLUMNS) * CELL, Math.floor(slot / COLUMNS) * CELL, gl.RGB, gl.UNSIGNED_SHORT_5_6_5, bitmap);
    this.slots.set(n, { slot, width: bitmap.width, height: bitmap.height });
  }

  /** What `Sprites.drawLarge` needs for those of `list`, ascending numbers, that are loaded. */
  gather(list, { places, tints, flags }) {
    const ready = list.filter((n) => this.slots.has(n) && flags[n] & 15);
    const after = new Float32Array(2 * ready.length);
    const size = new Uint8Array(2 * ready.length);
    const tint = new Uint8Array(4 * ready.length);
    const own = new Uint8Array(ready.length);
    const slot = new Float32Array(ready.length);
    ready.forEach((n, index) => {
      const kept = this.slots.get(n);
      after.set(places.subarray(2 * n, 2 * n + 2), 2 * index);
      size.set([kept.width, kept.height], 2 * index);
      tint.set(tints.subarray(4 * n, 4 * n + 4), 4 * index);
      own[index] = flags[n];
      slot[index] = kept.slot;
    });
    this.buffers ??= {};
    const values = { before: after, after, size, tint, flags: own, slot, color: new Uint8Array(3 * ready.length) };
    return { values, buffers: this.buffers, count: ready.length, cell: CELL, columns: COLUMNS, side: SIDE, texture: this.texture };
  }
}

// Where a pane looks: a center in the layout and a zoom, 0 when the whole layout fits.

const MARGIN = 0.05; // of the pane around a layout that fits
export const NEAREST = 12; // zoom levels

export class Camera {
  /** `inset`: pixels at the left that a layout that fits keeps free. */
  constructor() {
    Object.assign(this, { inset: 0, x: 0.5, y: 0.5, zoom: 0, fit: 500, width: 1, height: 1, box: { left: 0, top: 0, right: 1, bottom: 1 } });
  }

  /** The pane is this large, in CSS pixels. */
  resize(width, height) {
    Object.assign(this, { width: Math.max(1, width), height: Math.max(1, height) });
    this.#measure();
  }

  /** The layout spans this box, `pad` more on each side. */
  frame(box, pad) {
    this.box = { left: box.left - pad, top: box.top - pad, right: box.right + pad, bottom: box.bottom + pad };
    this.#measure();
  }

  #measure() {
    const [wide, high] = [this.box.right - this.box.left, this.box.bottom - this.box.top];
    this.fit = (1 - 2 * MARGIN) * Math.min((this.width - this.inset) / Math.max(wide, 1e-6), this.height / Math.max(high, 1e-6));
  }

  get scale() {
    return this.fit * 2 ** this.zoom;
  }

  /** The view of the whole layout. */
  whole() {
    return { x: (this.box.left + this.box.right - this.inset / this.fit) / 2, y: (this.box.top + this.box.bottom) / 2, zoom: 0 };
  }

  /** A point of the layout at a pixel of the pane, and back. */
  toLayout(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, this.y + (py - this.height / 2) / this.scale];
  }

  toPane(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.#keepNear();
  }

  /** Zooms by `levels`; the point under the pixel stays where it is. */
  zoomAt(px, py, levels) {
    const [x, y] = this.toLayout(px, py);
    this.zoom = Math.max(-1, Math.min(NEAREST, this.zoom + levels));
    this.x = x - (px - this.width / 2) / this.scale;
    this.y = y - (py - this.height / 2) / this.scale;
    this.#keepNear();
  }

  #keepNear() {
    this.x = Math.max(this.box.left, Math.min(this.box.right, this.x));
    this.y = Math.max(this.box.top, Math.min(this.box.bottom, this.y));
  }

  toText() {
    return [this.x.toFixed(4), this.y.toFixed(4), this.zoom.toFixed(2)].join(",");
  }

  /** Reads what `toText` wrote; returns null for anything else. */
  static fromText(text) {
    const [x, y, zoom] = (text ?? "").split(",").map(Number);
    return [x, y, zoom].every(Number.isFinite) ? { x, y, zoom: Math.max(-1, Math.min(NEAREST, zoom)) } : null;
  }
}

// What a pane shows. A picture of the layout is kept and moved with the camera, so that only what comes into sight is
// drawn. After a zoom or a change it is shown as it is until another is drawn behind it, in portions of a frame each.

import { cost } from "./pace.js";
import { Picture, overlap } from "./picture.js";

const BLURRED = 64; // a picture of the whole layout is not shown larger than so many times

export class Painter {
  /** `scene`: count(view, rect) estimates the artworks of a rectangle, paint(picture, rect) draws them; `sprites`: the ground. */
  constructor(sprites, scene) {
    Object.assign(this, { sprites, scene, gl: sprites.gl, front: null, back: null, whole: null, building: false, changed: false });
    this.tools = { cost: (picture, rect) => this.#cost(picture, rect), paint: (picture, rect) => scene.paint(picture, rect) };
  }

  /** Whether the picture is whole and none is drawn behind it. */
  get isFinished() {
    return this.front?.missing.length === 0 && !this.building;
  }

  remove() {
    for (const picture of [this.front, this.back, this.whole]) picture?.remove();
    Object.assign(this, { front: null, back: null, whole: null, building: false });
  }

  #cost({ view }, rect) {
    return cost(this.scene.count(view, rect), Math.min(view.side, rect.width) * Math.min(view.side, rect.height));
  }

  #begin(picture, view, version) {
    if (picture?.width !== view.width || picture.height !== view.height) {
      picture?.remove();
      picture = new Picture(this.gl, view);
    }
    picture.begin(view, version);
    return picture;
  }

  /** Draws a view at once: in a transition between layouts, nothing can be kept. */
  redraw(view, version) {
    this.front = this.#begin(this.front, view, version);
    this.front.work({ left: Infinity }, this.tools);
    Object.assign(this, { building: false, changed: true });
  }

  /** Draws as much of a view as the budget allows; returns whether anything is left. `overview`: the view of the whole layout. */
  advance(view, overview, version, budget) {
    if (!this.front) this.redraw(view, version);
    if (this.building && !overlap(this.back.place(view), { x: 0, y: 0, ...view })) this.building = false;
    this.#follow(view, budget);
    const current = this.front.fits(view) && this.front.version === version;
    if (current) this.building = false;
    else if (!this.building) {
      this.back = this.#begin(this.back, view, version);
      this.building = true;
    }
    if (this.building) {
      this.back.work(budget, this.tools);
      if (!this.back.missing.length) {
        [this.front, this.back, this.building, this.changed] = [this.back, this.front, false, true];
        this.#follow(view, budget);
      }
    }
    const left = this.building || this.front.missing.length > 0 || !this.front.fits(view) || this.front.version !== version;
    return left || this.#overview(view, overview, version, budget);
  }

  /** The sprite at a place of the layout has changed; `length(side)`: how large it is at most. */
  spoil(x, y, length) {
    for (const picture of [this.front, this.building && this.back]) {
      if (!picture) continue;
      const { view } = picture;
      const size = Math.ceil(length(view.side));
      const [left, top] = [(x - view.center[0]) * view.scale + (view.width - size) / 2, (y - view.center[1]) * view.scale + (view.height - size) / 2];
      picture.spoil({ x: Math.floor(left), y: Math.floor(top), width: size + 1, height: size + 1 });
    }
  }

  /** Moves the pictures to a view and draws what came into sight. */
  #follow(view, budget) {
    const { front, back } = this;
    if (this.building && back.fits(view)) back.move(view);
    if (!front.fits(view)) return;
    const exposed = front.move(view);
    if (exposed.length) this.changed = true;
    if (exposed.reduce((sum, rect) => sum + this.#cost(front, rect), 0) > budget.left) {
      for (const rect of exposed) this.#ground(front.framebuffer, front.height, view, rect);
    }
    if (front.missing.length && budget.left > 0) this.changed = true;
    front.work(budget, this.tools);
  }

  /** Draws the picture of the whole layout while there is nothing else to draw; returns whether anything is left. */
  #overview(view, overview, version, budget) {
    if (this.whole?.version !== version || this.whole.view.scale !== overview.scale) this.whole = this.#begin(this.whole, overview, version);
    this.whole.work(budget, this.tools);
    return this.whole.missing.length > 0;
  }

  /** Fills a rectangle with the whole layout, enlarged, or with the ground. */
  #ground(framebuffer, height, view, clip, origin) {
    const { gl } = this;
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, framebuffer);
    gl.scissor(clip.x, height - clip.y - clip.height, clip.width, clip.height);
    gl.clearColor(...this.sprites.ground, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (this.whole && !this.whole.missing.length && view.scale < this.whole.view.scale * BLURRED) this.whole.copyTo(framebuffer, height, view, clip, origin);
  }

  /** Copies the view to a rectangle of the canvas. */
  show(view, rect, height) {
    const covered = overlap(this.front.place(view), { x: 0, y: 0, width: view.width, height: view.height });
    if (covered?.width !== view.width || covered.height !== view.height) this.#ground(null, height, view, rect, rect);
    this.front.copyTo(null, height, view, rect, rect);
    this.changed = false;
  }
}

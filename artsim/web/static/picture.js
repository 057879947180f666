// A drawn part of a layout, kept as a texture: moved by whole pixels, drawn in parts, shown at any scale.
// Rectangles are {x, y, width, height} in pixels from the top left.

const SMALLEST = 64; // pixels of a side: a smaller rectangle is not divided

/** What two rectangles share, or null. */
export function overlap(a, b) {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const [width, height] = [Math.min(a.x + a.width, b.x + b.width) - x, Math.min(a.y + a.height, b.y + b.height) - y];
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

function halves({ x, y, width, height }) {
  const [w, h] = width > height ? [width >> 1, height] : [width, height >> 1];
  const second = width > height ? { x: x + w, y, width: width - w, height } : { x, y: y + h, width, height: height - h };
  return [{ x, y, width: w, height: h }, second];
}

export class Picture {
  /** A picture without content, as large as `view`: {width, height} in pixels. */
  constructor(gl, { width, height }) {
    Object.assign(this, { gl, width, height, view: null, version: null, missing: [] });
    [this.texture, this.spare] = [this.#texture(), null];
    this.depth = gl.createRenderbuffer();
    gl.bindRenderbuffer(gl.RENDERBUFFER, this.depth);
    gl.renderbufferStorage(gl.RENDERBUFFER, gl.DEPTH_COMPONENT16, width, height);
    this.framebuffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.RENDERBUFFER, this.depth);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.texture, 0);
  }

  #texture() {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, this.width, this.height);
    return texture;
  }

  remove() {
    const { gl } = this;
    gl.deleteFramebuffer(this.framebuffer);
    gl.deleteRenderbuffer(this.depth);
    for (const texture of [this.texture, this.spare]) gl.deleteTexture(texture);
  }

  get whole() {
    return { x: 0, y: 0, width: this.width, height: this.height };
  }

  /** Starts anew with a view {center, scale, ...}; `version` tells the content apart. */
  begin(view, version) {
    Object.assign(this, { view, version, missing: [this.whole] });
  }

  /** Where the picture lies in a view. */
  place(view) {
    const growth = view.scale / this.view.scale;
    const edge = (axis, length, own) => Math.round(length / 2 + (this.view.center[axis] - view.center[axis]) * view.scale + (own * growth) / 2);
    const [x, y] = [edge(0, view.width, -this.width), edge(1, view.height, -this.height)];
    return { x, y, width: edge(0, view.width, this.width) - x, height: edge(1, view.height, this.height) - y };
  }

  /** Whether a move by whole pixels makes it a picture of this view, and keeps some of it. */
  fits(view) {
    return view.scale === this.view.scale && view.width === this.width && view.height === this.height && overlap(this.place(view), this.whole) !== null;
  }

  /** Moves to a view that it fits. What was out of sight is missing then; returns these rectangles. */
  move(view) {
    const kept = overlap(this.place(view), this.whole);
    const { x: dx, y: dy } = this.place(view);
    this.view = view;
    if (!dx && !dy) return [];
    this.#copy(kept, dx, dy);
    this.missing = this.missing.map((rect) => overlap({ ...rect, x: rect.x + dx, y: rect.y + dy }, this.whole)).filter(Boolean);
    const exposed = [
      { x: dx > 0 ? 0 : kept.width, y: 0, width: Math.abs(dx), height: this.height },
      { x: kept.x, y: dy > 0 ? 0 : kept.height, width: kept.width, height: Math.abs(dy) },
    ].filter(({ width, height }) => width && height);
    this.missing.push(...exposed);
    return exposed;
  }

  #copy({ x, y, width, height }, dx, dy) {
    const { gl } = this;
    const bottom = this.height - y - height;
    this.spare ??= this.#texture();
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    gl.bindTexture(gl.TEXTURE_2D, this.spare);
    gl.copyTexSubImage2D(gl.TEXTURE_2D, 0, x, bottom, x - dx, bottom + dy, width, height); // far faster than a blit
    [this.texture, this.spare] = [this.spare, this.texture];
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.texture, 0);
  }

  /** A rectangle is out of date. */
  spoil(rect) {
    const inside = overlap(rect, this.whole);
    if (inside) this.missing.push(inside);
  }

  /** Draws what is missing as far as the budget {left} lasts. `cost(picture, rect)`, `paint(picture, rect)`. */
  work(budget, { cost, paint }) {
    while (this.missing.length && budget.left > 0) {
      const rect = this.missing.pop();
      const price = cost(this, rect);
      if (price > budget.left && Math.max(rect.width, rect.height) > SMALLEST) this.missing.push(...halves(rect));
      else {
        paint(this, rect);
        budget.left -= price;
      }
    }
  }

  /** Copies the picture, as it lies in a view, to a framebuffer (null: the canvas) of this height, inside `clip`. */
  copyTo(framebuffer, height, view, clip, origin = { x: 0, y: 0 }) {
    const { gl } = this;
    const own = this.place(view);
    const [left, top] = [own.x + origin.x, own.y + origin.y];
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.framebuffer);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, framebuffer);
    gl.scissor(clip.x, height - clip.y - clip.height, clip.width, clip.height);
    const same = own.width === this.width && own.height === this.height;
    gl.blitFramebuffer(0, 0, this.width, this.height, left, height - top - own.height, left + own.width, height - top, gl.COLOR_BUFFER_BIT, same ? gl.NEAREST : gl.LINEAR);
  }
}

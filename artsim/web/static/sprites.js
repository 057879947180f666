// Draws artworks in WebGL2 as points with pictures: one call per atlas page, positions interpolated on the GPU.
// Points rather than instances: software rendering draws instances one by one, a thousand times slower.

const VERTEX = `#version 300 es
layout(location=0) in vec2 before;
layout(location=1) in vec2 after;
layout(location=2) in vec2 size;
layout(location=3) in vec3 color;
layout(location=4) in vec4 tint;
layout(location=5) in uint flags;
layout(location=6) in float slot;
uniform vec2 center, viewport;
uniform float scale, progress, side, tile, columns, first, largest;
flat out vec2 cell, extent, pixels;
flat out vec4 frame;
flat out vec3 plain;
flat out float longest, fade;
void main() {
  bool matching = (flags & 1u) != 0u;
  bool marked = (flags & 14u) != 0u;
  longest = matching ? side : max(side * 0.3, 2.0);
  if (marked) longest = max(longest * 1.25, 12.0);
  longest = clamp(longest, 1.5, largest);
  extent = size / max(size.x, size.y);
  pixels = size;
  vec2 pixel = (mix(before, after, progress) - center) * scale;
  float depth = (flags & 8u) != 0u ? 0.1 : (flags & 2u) != 0u ? 0.2 : (flags & 4u) != 0u ? 0.3 : matching ? 0.5 : 0.9;
  gl_Position = after.x < -1.0 ? vec4(2.0, 2.0, 2.0, 1.0) : vec4(pixel / viewport * vec2(2.0, -2.0), depth, 1.0);
  gl_PointSize = longest;
  float index = slot < 0.0 ? float(gl_VertexID) - first : slot;
  cell = vec2(mod(index, columns), floor(index / columns)) * tile;
  frame = (flags & 2u) != 0u ? vec4(1.0, 0.72, 0.1, 1.0) : (flags & 12u) != 0u ? vec4(0.25, 0.75, 1.0, 1.0) : matching ? tint : vec4(0.0);
  plain = color;
  fade = matching || marked ? 0.0 : 0.7;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D atlas;
uniform vec3 background;
uniform bool textured;
uniform float border, textureSide;
flat in vec2 cell, extent, pixels;
flat in vec4 frame;
flat in vec3 plain;
flat in float longest, fade;
out vec4 result;
void main() {
  vec2 inside = (gl_PointCoord - 0.5) / extent;
  vec2 depth = (0.5 - abs(inside)) * extent * longest;
  float edge = min(depth.x, depth.y);
  if (edge < 0.0 && longest > 4.0) discard;
  vec3 shade = plain;
  if (textured && fade == 0.0) shade = texture(atlas, (cell + clamp((inside + 0.5) * pixels, vec2(0.5), pixels - 0.5)) / textureSide).rgb;
  if (frame.a > 0.0) {
    if (longest < border * 5.0) shade = mix(shade, frame.rgb, 0.85);
    else if (edge < border) shade = frame.rgb;
  }
  result = vec4(mix(shade, background, fade), 1.0);
}`;

const UNIFORMS = ["center", "viewport", "scale", "progress", "side", "tile", "columns", "first", "largest", "textureSide", "background", "textured", "border"];
const LARGEST = 500; // pixels of a sprite, where the graphics card allows it

export class Sprites {
  /** `count` artworks on pages as `atlas` of /api/archive describes them. Throws where there is no WebGL2. */
  constructor(canvas, count, atlas) {
    const gl = canvas.getContext("webgl2", { antialias: false, alpha: false, depth: false, powerPreference: "high-performance" });
    if (!gl) throw new Error("this browser has no WebGL2");
    Object.assign(this, { gl, canvas, count, atlas, textures: new Map(), buffers: {}, chosen: gl.createBuffer(), ground: [0.1, 0.1, 0.1] });
    const program = this.#link();
    gl.useProgram(program);
    this.at = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]));
    this.all = Uint32Array.from({ length: count }, (_, n) => n);
    this.largest = Math.min(LARGEST, gl.getParameter(gl.ALIASED_POINT_SIZE_RANGE)[1]);
    gl.uniform1f(this.at.largest, this.largest);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.enable(gl.SCISSOR_TEST);
    this.fill("size", new Uint8Array(2 * count).fill(atlas.tile));
    this.fill("color", new Uint8Array(3 * count).fill(140));
    this.fill("tint", new Uint8Array(4 * count));
    this.fill("flags", new Uint8Array(count).fill(1));
  }

  #link() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) || "no shader");
    return program;
  }

  /** Stores an attribute of all artworks: size (2 bytes), color (3), tint (4), flags (1). */
  fill(name, values) {
    this.buffers[name] = this.#store(this.buffers[name], values);
  }

  #store(buffer, values) {
    const { gl } = this;
    buffer ??= gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    return buffer;
  }

  /** Stores the positions of a pane before and after a transition, x and y of each artwork; -9 hides it. */
  place(pane, before, after) {
    pane.before = this.#store(pane.before, before);
    pane.after = this.#store(pane.after, after);
  }

  /** Stores the picture of an atlas page, with smaller versions down to 4 pixels a cell. */
  page(number, bitmap) {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB565, gl.RGB, gl.UNSIGNED_SHORT_5_6_5, bitmap);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAX_LEVEL, Math.max(0, Math.log2(this.atlas.tile) - 2));
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    this.textures.set(number, texture);
  }

  #attributes(source) {
    const { gl } = this;
    const set = (location, buffer, size, type, normalized) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, size, type, normalized, 0, 0);
    };
    set(0, source.before, 2, gl.FLOAT, false);
    set(1, source.after, 2, gl.FLOAT, false);
    set(2, source.size, 2, gl.UNSIGNED_BYTE, false);
    set(3, source.color, 3, gl.UNSIGNED_BYTE, true);
    set(4, source.tint, 4, gl.UNSIGNED_BYTE, true);
    gl.bindBuffer(gl.ARRAY_BUFFER, source.flags);
    gl.enableVertexAttribArray(5);
    gl.vertexAttribIPointer(5, 1, gl.UNSIGNED_BYTE, 0, 0);
    if (source.slot) set(6, source.slot, 1, gl.FLOAT, false);
    else gl.disableVertexAttribArray(6);
  }

  /** Fills the canvas with the ground. */
  clear() {
    const { gl, canvas } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.scissor(0, 0, canvas.width, canvas.height);
    gl.clearColor(...this.ground, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }

  /**
   * Draws artworks into a rectangle of a target: {framebuffer, width, height}. `pane` are the buffers of `place`; `view`:
   * center, scale (pixels per unit), side (longest side of a sprite), border, progress; `numbers`: which artworks, ascending.
   */
  draw(target, { x, y, width, height }, pane, view, numbers) {
    const { gl, at, atlas } = this;
    const rim = Math.ceil(this.largest); // a point outside the viewport is not drawn at all, not even its part inside
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.framebuffer);
    gl.viewport(-rim, -rim, target.width + 2 * rim, target.height + 2 * rim);
    gl.scissor(x, target.height - y - height, width, height);
    gl.clearColor(...this.ground, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.uniform3f(at.background, ...this.ground);
    gl.uniform2f(at.viewport, target.width + 2 * rim, target.height + 2 * rim);
    gl.uniform2f(at.center, ...view.center);
    for (const name of ["scale", "progress", "side", "border"]) gl.uniform1f(at[name], view[name]);
    gl.uniform1f(at.tile, atlas.tile);
    gl.uniform1f(at.columns, atlas.columns);
    gl.uniform1f(at.textureSide, atlas.size);
    this.#attributes({ ...this.buffers, before: pane.before, after: pane.after });
    gl.vertexAttrib1f(6, -1);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.chosen);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, numbers, gl.STREAM_DRAW);
    for (let from = 0, to = 0; from < numbers.length; from = to) {
      const page = Math.floor(numbers[from] / atlas.per_page);
      const start = page * atlas.per_page;
      while (to < numbers.length && numbers[to] < start + atlas.per_page) to++;
      const texture = this.textures.get(page);
      gl.uniform1i(at.textured, view.side > 3 && Boolean(texture)); // below that no one sees the picture
      gl.uniform1f(at.first, start);
      gl.bindTexture(gl.TEXTURE_2D, texture ?? null);
      gl.drawElements(gl.POINTS, to - from, gl.UNSIGNED_INT, 4 * from);
    }
  }

  /** Draws larger thumbnails over their sprites, after `draw` of the same pane; see thumbnails.js. */
  drawLarge(large) {
    const { gl, at } = this;
    for (const name of ["before", "after", "size", "color", "tint", "flags", "slot"]) {
      large.buffers[name] = this.#store(large.buffers[name], large.values[name]);
    }
    gl.uniform1f(at.tile, large.cell);
    gl.uniform1f(at.columns, large.columns);
    gl.uniform1f(at.textureSide, large.side);
    gl.uniform1i(at.textured, true);
    gl.bindTexture(gl.TEXTURE_2D, large.texture);
    this.#attributes(large.buffers);
    gl.drawArrays(gl.POINTS, 0, large.count);
  }
}

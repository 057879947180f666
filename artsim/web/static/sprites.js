// Draws every artwork in WebGL2: one call per atlas page, positions interpolated on the GPU. Nothing is made per artwork.

const VERTEX = `#version 300 es
layout(location=0) in vec2 before;
layout(location=1) in vec2 after;
layout(location=2) in vec2 size;
layout(location=3) in vec3 color;
layout(location=4) in vec4 tint;
layout(location=5) in uint flags;
layout(location=6) in float slot;
uniform vec2 center, viewport;
uniform float scale, progress, side, tile, columns, textureSide;
uniform bool points;
out vec2 uv, local;
flat out vec2 extent;
flat out vec4 frame;
flat out vec3 plain;
flat out float fade;
void main() {
  vec2 place = mix(before, after, progress);
  bool matching = (flags & 1u) != 0u;
  float longest = matching ? side : max(side * 0.3, 2.0);
  if ((flags & 14u) != 0u) longest = max(longest * 1.25, 12.0);
  extent = points ? vec2(longest) : max(size / max(size.x, size.y) * longest, 1.0);
  vec2 corner = points ? vec2(0.5) : vec2(gl_VertexID & 1, gl_VertexID >> 1);
  vec2 pixel = (place - center) * scale + (corner - 0.5) * extent;
  float depth = (flags & 8u) != 0u ? 0.1 : (flags & 2u) != 0u ? 0.2 : (flags & 4u) != 0u ? 0.3 : matching ? 0.5 : 0.9;
  gl_Position = after.x < -1.0 ? vec4(2.0, 2.0, 2.0, 1.0) : vec4(pixel / viewport * vec2(2.0, -2.0), depth, 1.0);
  gl_PointSize = max(longest, 1.5);
  float index = slot < 0.0 ? float(gl_InstanceID) : slot;
  vec2 cell = vec2(mod(index, columns), floor(index / columns)) * tile;
  uv = (cell + mix(vec2(0.5), size - 0.5, corner)) / textureSide;
  local = corner * extent;
  frame = (flags & 2u) != 0u ? vec4(1.0, 0.72, 0.1, 1.0) : (flags & 12u) != 0u ? vec4(0.25, 0.75, 1.0, 1.0) : matching ? tint : vec4(0.0);
  plain = color;
  fade = matching || (flags & 14u) != 0u ? 0.0 : 0.7;
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
uniform sampler2D atlas;
uniform vec3 background;
uniform bool textured, points;
uniform float border;
in vec2 uv, local;
flat in vec2 extent;
flat in vec4 frame;
flat in vec3 plain;
flat in float fade;
out vec4 result;
void main() {
  vec3 shade = textured && fade == 0.0 ? texture(atlas, uv).rgb : plain;
  if (frame.a > 0.0) {
    vec2 inside = min(local, extent - local);
    if (points || max(extent.x, extent.y) < border * 5.0) shade = mix(shade, frame.rgb, 0.85);
    else if (min(inside.x, inside.y) < border) shade = frame.rgb;
  }
  result = vec4(mix(shade, background, fade), 1.0);
}`;

const UNIFORMS = ["center", "viewport", "scale", "progress", "side", "tile", "columns", "textureSide", "points", "background", "textured", "border"];

export class Sprites {
  /** `count` artworks on pages as `atlas` of /api/archive describes them. Throws where there is no WebGL2. */
  constructor(canvas, count, atlas) {
    const gl = canvas.getContext("webgl2", { antialias: false, alpha: false, powerPreference: "high-performance" });
    if (!gl) throw new Error("this browser has no WebGL2");
    Object.assign(this, { gl, canvas, count, atlas, textures: new Map() });
    this.program = this.#link();
    gl.useProgram(this.program);
    this.at = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(this.program, name)]));
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.enable(gl.SCISSOR_TEST);
    this.buffers = {};
    this.fill("size", new Uint8Array(2 * count).fill(atlas.tile));
    this.fill("color", new Uint8Array(3 * count).fill(140));
    this.fill("tint", new Uint8Array(4 * count));
    this.fill("flags", new Uint8Array(count).fill(1));
    this.largest = gl.getParameter(gl.ALIASED_POINT_SIZE_RANGE)[1];
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
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
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

  clear([red, green, blue]) {
    const { gl, canvas } = this;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.scissor(0, 0, canvas.width, canvas.height);
    gl.clearColor(red, green, blue, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.uniform3f(this.at.background, red, green, blue);
  }

  #point(location, buffer, size, type, normalized, offset) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(location);
    if (type === "uint") gl.vertexAttribIPointer(location, size, gl.UNSIGNED_BYTE, 0, offset);
    else gl.vertexAttribPointer(location, size, type, normalized, 0, offset);
  }

  #attributes(source, start) {
    const { gl } = this;
    this.#point(0, source.before, 2, gl.FLOAT, false, 8 * start);
    this.#point(1, source.after, 2, gl.FLOAT, false, 8 * start);
    this.#point(2, source.size, 2, gl.UNSIGNED_BYTE, false, 2 * start);
    this.#point(3, source.color, 3, gl.UNSIGNED_BYTE, true, 3 * start);
    this.#point(4, source.tint, 4, gl.UNSIGNED_BYTE, true, 4 * start);
    this.#point(5, source.flags, 1, "uint", false, start);
    for (let location = 0; location < 7; location++) gl.vertexAttribDivisor(location, 0);
  }

  /** Draws a pane. `view`: center, scale (pixels of the screen per unit), side (longest side of a sprite), progress. */
  draw(pane, rect, view) {
    const { gl, at, atlas, canvas } = this;
    const bottom = canvas.height - rect.y - rect.height;
    gl.viewport(rect.x, bottom, rect.width, rect.height);
    gl.scissor(rect.x, bottom, rect.width, rect.height);
    gl.uniform2f(at.center, view.center[0], view.center[1]);
    gl.uniform2f(at.viewport, rect.width, rect.height);
    gl.uniform1f(at.scale, view.scale);
    gl.uniform1f(at.progress, view.progress);
    gl.uniform1f(at.side, view.side);
    gl.uniform1f(at.tile, atlas.tile);
    gl.uniform1f(at.columns, atlas.columns);
    gl.uniform1f(at.textureSide, atlas.size);
    gl.uniform1f(at.border, view.border);
    const points = view.side <= 4 && view.side <= this.largest; // a vertex instead of four, and no one sees the picture
    gl.uniform1i(at.points, points);
    for (let page = 0, start = 0; start < this.count; page++, start += atlas.per_page) {
      const texture = this.textures.get(page);
      gl.uniform1i(at.textured, !points && Boolean(texture));
      gl.bindTexture(gl.TEXTURE_2D, texture ?? null);
      this.#attributes({ ...this.buffers, before: pane.before, after: pane.after }, start);
      gl.disableVertexAttribArray(6);
      gl.vertexAttrib1f(6, -1);
      this.#call(points, Math.min(atlas.per_page, this.count - start));
    }
  }

  #call(points, count) {
    const { gl } = this;
    if (points) return gl.drawArrays(gl.POINTS, 0, count);
    for (let location = 0; location < 7; location++) gl.vertexAttribDivisor(location, 1);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
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
    gl.uniform1i(at.points, false);
    gl.uniform1i(at.textured, true);
    gl.bindTexture(gl.TEXTURE_2D, large.texture);
    this.#attributes(large.buffers, 0);
    this.#point(6, large.buffers.slot, 1, gl.FLOAT, false, 0);
    this.#call(false, large.count);
  }
}

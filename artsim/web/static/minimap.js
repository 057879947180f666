// A small picture of the whole layout with a frame around what is in view; a click moves there.

const SIDE = 132;

export class Minimap {
  constructor(pane, camera, moved) {
    this.canvas = document.createElement("canvas");
    this.canvas.className = "minimap";
    this.canvas.setAttribute("aria-hidden", "true");
    this.camera = camera;
    pane.append(this.canvas);
    const go = (event) => {
      event.stopPropagation();
      if (event.type === "pointermove" && !event.buttons) return;
      const box = this.canvas.getBoundingClientRect();
      camera.x = this.left + (event.clientX - box.left) / this.scale;
      camera.y = this.top + (event.clientY - box.top) / this.scale;
      moved();
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      go(event);
    });
    this.canvas.addEventListener("pointermove", go);
    this.canvas.addEventListener("dblclick", (event) => event.stopPropagation());
  }

  /** Draws the layout once; `colors` are 3 bytes of each artwork, `flags` say which match. */
  paint(places, colors, flags) {
    const { box } = this.camera;
    const [wide, high] = [box.right - box.left, box.bottom - box.top];
    this.scale = SIDE / Math.max(wide, high, 1e-6);
    [this.left, this.top] = [box.left, box.top];
    const [width, height] = [Math.max(8, Math.round(wide * this.scale)), Math.max(8, Math.round(high * this.scale))];
    const image = new ImageData(width, height);
    for (let n = 0; n < places.length / 2; n++) {
      if (places[2 * n] < -1) continue;
      const x = Math.floor((places[2 * n] - this.left) * this.scale);
      const y = Math.floor((places[2 * n + 1] - this.top) * this.scale);
      const at = 4 * (y * width + x);
      const alpha = flags[n] & 1 ? 255 : 60;
      if (!(alpha >= image.data[at + 3])) continue;
      image.data.set(colors.subarray(3 * n, 3 * n + 3), at);
      image.data[at + 3] = alpha;
    }
    this.image = image;
    this.canvas.width = width;
    this.canvas.height = height;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.draw();
  }

  draw() {
    if (!this.image) return;
    const context = this.canvas.getContext("2d");
    const { camera } = this;
    this.canvas.style.visibility = camera.zoom > 0.3 ? "visible" : "hidden";
    if (camera.zoom <= 0.3) return;
    context.putImageData(this.image, 0, 0);
    const [wide, high] = [camera.width / camera.scale, camera.height / camera.scale];
    context.strokeStyle = "#f5a623";
    context.lineWidth = 2;
    context.strokeRect((camera.x - wide / 2 - this.left) * this.scale, (camera.y - high / 2 - this.top) * this.scale, wide * this.scale, high * this.scale);
  }
}

// An index of the positions of a layout: what is under the pointer, in the view, inside a lasso.

export class Places {
  /** `places` holds x, y of each artwork; an x below -1 means that it has no place. */
  constructor(places) {
    this.places = places;
    const count = places.length / 2;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    let placed = 0;
    for (let n = 0; n < count; n++) {
      const [x, y] = [places[2 * n], places[2 * n + 1]];
      if (x < -1) continue;
      placed++;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
    if (!placed) [left, top, right, bottom] = [0, 0, 1, 1];
    this.box = { left, top, right, bottom };
    this.placed = placed;
    this.side = Math.max(1, Math.min(1024, Math.ceil(Math.sqrt(placed) / 2)));
    this.step = Math.max(right - left, bottom - top, 1e-9) / this.side;
    this.#sort(count);
  }

  #cell(x, y) {
    const clamp = (value) => Math.max(0, Math.min(this.side - 1, Math.floor(value)));
    return clamp((y - this.box.top) / this.step) * this.side + clamp((x - this.box.left) / this.step);
  }

  #sort(count) {
    const { places } = this;
    const cells = new Int32Array(count).fill(-1);
    const starts = new Uint32Array(this.side * this.side + 1);
    for (let n = 0; n < count; n++) {
      if (places[2 * n] < -1) continue;
      cells[n] = this.#cell(places[2 * n], places[2 * n + 1]);
      starts[cells[n] + 1]++;
    }
    for (let cell = 0; cell < this.side * this.side; cell++) starts[cell + 1] += starts[cell];
    const next = starts.slice();
    this.order = new Uint32Array(this.placed);
    for (let n = 0; n < count; n++) if (cells[n] >= 0) this.order[next[cells[n]]++] = n;
    this.starts = starts;
  }

  /** Whether the server has moved the artworks of a map apart, as it does for those of small archives. */
  get isSpaced() {
    return this.placed <= 5000;
  }

  /** How far artworks are from each other where there are any: the root of the occupied area per artwork. */
  get spacing() {
    const fine = Math.max(1, Math.min(400, Math.round(Math.sqrt(this.placed) * (this.isSpaced ? 2 : 0.7))));
    const used = new Uint8Array((fine + 1) ** 2);
    const step = (this.step * this.side) / fine;
    let cells = 0;
    for (const n of this.order) {
      const cell = Math.floor((this.places[2 * n + 1] - this.box.top) / step) * (fine + 1) + Math.floor((this.places[2 * n] - this.box.left) / step);
      if (!used[cell]) cells++;
      used[cell] = 1;
    }
    return Math.sqrt((cells * step * step) / Math.max(1, this.placed));
  }

  /** The artworks whose place is inside a rectangle, in no order. */
  inside(left, top, right, bottom) {
    const found = [];
    const { places, starts, order, side, box } = this;
    if (right < box.left || left > box.right || bottom < box.top || top > box.bottom) return found;
    const [first, last] = [this.#cell(left, top), this.#cell(right, bottom)];
    for (let row = Math.floor(first / side); row <= Math.floor(last / side); row++) {
      const [from, to] = [starts[row * side + (first % side)], starts[row * side + (last % side) + 1]];
      for (let index = from; index < to; index++) {
        const n = order[index];
        const [x, y] = [places[2 * n], places[2 * n + 1]];
        if (x >= left && x <= right && y >= top && y <= bottom) found.push(n);
      }
    }
    return found;
  }

  /** Roughly how many artworks are inside a rectangle: those of all cells that it touches. */
  around(left, top, right, bottom) {
    const { starts, side, box } = this;
    if (right < box.left || left > box.right || bottom < box.top || top > box.bottom) return 0;
    const [first, last] = [this.#cell(left, top), this.#cell(right, bottom)];
    let count = 0;
    for (let row = Math.floor(first / side); row <= Math.floor(last / side); row++) {
      count += starts[row * side + (last % side) + 1] - starts[row * side + (first % side)];
    }
    return count;
  }

  /** The artworks inside a polygon [[x, y], ...], by the even-odd rule. */
  within(polygon) {
    const [xs, ys] = [polygon.map((point) => point[0]), polygon.map((point) => point[1])];
    const candidates = this.inside(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
    return candidates.filter((n) => {
      const [x, y] = [this.places[2 * n], this.places[2 * n + 1]];
      let odd = false;
      for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
        if (ys[i] > y !== ys[j] > y && x < ((xs[j] - xs[i]) * (y - ys[i])) / (ys[j] - ys[i]) + xs[i]) odd = !odd;
      }
      return odd;
    });
  }

  /** The artwork nearest to a point among those that `accepts` lets through, within `radius`; -1 if there is none. */
  nearest(x, y, radius, accepts) {
    let [best, shortest] = [-1, Infinity];
    for (const n of this.inside(x - radius, y - radius, x + radius, y + radius)) {
      const distance = Math.hypot(this.places[2 * n] - x, this.places[2 * n + 1] - y);
      if (distance < shortest && accepts(n)) [best, shortest] = [n, distance];
    }
    return best;
  }
}

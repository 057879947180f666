// How much the map may draw in one frame: more while the graphics card keeps up, less when it falls behind.

const FIRST = 20000; // microseconds, as `cost` estimates them
const LEAST = 4000;
const STILL = 40000; // at least, while the camera is still: no one sees that a frame comes late
const MOST = 1e8;
const STEP = 1.5;
const POINT = 0.4; // microseconds of a point in software on two cores, and of one of its pixels
const PIXEL = 0.025;

/** What drawing `count` sprites takes where no graphics card helps. */
export const cost = (count, pixels) => count * (POINT + PIXEL * pixels);

export class Pace {
  constructor(gl) {
    Object.assign(this, { gl, budget: FIRST, given: 0, fence: null, late: false, moving: false });
  }

  /** The budget of a frame, {left}: 0 while the graphics card still draws what an earlier frame spent. */
  begin(moving) {
    const { gl } = this;
    if (this.fence && gl.getSyncParameter(this.fence, gl.SYNC_STATUS) !== gl.SIGNALED) {
      this.late = true;
      return { left: (this.given = 0) };
    }
    if (this.fence) {
      gl.deleteSync(this.fence);
      this.fence = null;
      if (this.moving) this.budget = this.late ? Math.max(LEAST, this.budget / STEP) : Math.min(MOST, this.budget * STEP);
    }
    Object.assign(this, { late: false, moving });
    return { left: (this.given = moving ? this.budget : Math.max(this.budget, STILL)) };
  }

  /** Ends a frame: the next budget depends on how soon this one is drawn, if it spent at least half of its own. */
  end({ left }) {
    if (!(this.given - left > this.given / 2)) return;
    this.fence = this.gl.fenceSync(this.gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    this.gl.flush();
  }
}

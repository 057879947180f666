// Mouse, touch and keys on a pane: pan, zoom, draw a lasso or a box, point, open.

const CLICK = 5; // pixels that a click may move

/**
 * Listens on a pane's element. `actions`: camera, moved(), stop(), tool() ("pan", "lasso" or "box"), point(x, y), leave(),
 * click(x, y, event), outline(points or null), enclose(points, event), key(event).
 */
export function control(element, actions) {
  const pointers = new Map();
  let outline = null;
  let start = null;
  const local = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  element.addEventListener("pointerdown", (event) => {
    const name = event.target.closest(".name"); // a name can be pressed, but a drag may begin on it
    if (event.button > 1 || (!name && event.target.closest("button, a"))) return;
    element.setPointerCapture(event.pointerId);
    element.classList.remove("keyed");
    element.focus({ preventScroll: true });
    actions.stop();
    actions.leave();
    pointers.set(event.pointerId, local(event));
    start = { at: local(event), moved: false, name };
    const tool = event.shiftKey ? "box" : actions.tool();
    outline = tool === "pan" || event.button === 1 || pointers.size > 1 ? null : { tool, points: [local(event)] };
  });

  element.addEventListener("pointermove", (event) => {
    const at = local(event);
    const before = pointers.get(event.pointerId);
    if (!before) return actions.point(...at);
    if (Math.hypot(at[0] - start.at[0], at[1] - start.at[1]) > CLICK) start.moved = true;
    if (outline) {
      if (outline.tool === "lasso") outline.points.push(at);
      else outline.points = [start.at, [at[0], start.at[1]], at, [start.at[0], at[1]]];
      actions.outline(outline.points);
    } else if (pointers.size === 1) {
      if (start.moved) actions.camera.pan(at[0] - before[0], at[1] - before[1]);
    } else {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const [was, is] = [before, at].map((point) => Math.hypot(point[0] - other[0], point[1] - other[1]));
      actions.camera.zoomAt((at[0] + other[0]) / 2, (at[1] + other[1]) / 2, Math.log2(Math.max(is, 1) / Math.max(was, 1)));
      actions.camera.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
    }
    pointers.set(event.pointerId, at);
    actions.moved();
  });

  const end = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (outline) {
      actions.outline(null);
      if (start.moved && outline.points.length > 2 && event.type === "pointerup") actions.enclose(outline.points, event);
    }
    if (!start.moved && event.type === "pointerup" && !pointers.size) {
      if (start.name) start.name.click();
      else actions.click(...local(event), event);
    }
    outline = null;
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  element.addEventListener("pointerleave", () => actions.leave());

  element.addEventListener("wheel", (event) => {
      event.preventDefault();
      actions.stop();
      const lines = event.deltaMode === 1 ? 16 : 1;
      actions.camera.zoomAt(...local(event), Math.max(-1, Math.min(1, (-event.deltaY * lines * (event.ctrlKey ? 4 : 1)) / 300)));
      actions.moved();
    }, { passive: false });

  element.addEventListener("dblclick", (event) => {
    actions.camera.zoomAt(...local(event), event.shiftKey ? -1 : 1);
    actions.moved();
  });
  element.addEventListener("keydown", (event) => actions.key(event));
  element.addEventListener("keyup", () => element.classList.add("keyed")); // the frame of the focus is for the keyboard
}

// What the mouse, fingers and keys do on a pane of the map; controls.js recognizes them.

/** The artwork nearest to the middle of a pane: what the keyboard points at. */
function middle(map, pane) {
  const { camera } = pane;
  const radius = Math.max(camera.width, camera.height) / 2 / camera.scale;
  return pane.index.nearest(camera.x, camera.y, radius, (n) => map.flags[n] & 1);
}

/** Moves or zooms the camera for a key, or acts on the artwork in the middle; returns whether the key means anything. */
function press(map, pane, event) {
  const { camera } = pane;
  const step = event.shiftKey ? 240 : 80;
  const [x, y] = [camera.width / 2, camera.height / 2];
  const pans = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
  if (pans[event.key]) camera.pan(...pans[event.key]);
  else if (event.key === "+" || event.key === "=") camera.zoomAt(x, y, 0.5);
  else if (event.key === "-") camera.zoomAt(x, y, -0.5);
  else if (event.key === "0") pane.fly(camera.whole());
  else if (event.key === "Enter" || event.key === " ") {
    const n = middle(map, pane);
    if (n >= 0) event.key === "Enter" ? map.actions.open(n) : map.actions.toggle(n);
  } else return false;
  return true;
}

/** The actions that `control` of controls.js calls for a pane. */
export function gestures(map, pane) {
  const { camera, element } = pane;
  const under = (x, y) => (pane.index ? pane.hit(x, y) : -1);
  const show = (n, x, y, spoken) => {
    const box = element.getBoundingClientRect();
    map.actions.hover(n, box.left + x, box.top + y, spoken);
  };
  return {
    camera,
    moved: () => map.moved(pane),
    stop: () => (pane.flight = null),
    tool: () => map.tool,
    leave: () => map.actions.hover(-1),
    point(x, y) {
      const n = under(x, y);
      element.classList.toggle("pointing", n >= 0 && map.tool === "pan");
      show(n, x, y);
    },
    click(x, y, event) {
      const n = under(x, y);
      if (n < 0) return;
      if (event.ctrlKey || event.metaKey) map.actions.toggle(n);
      else map.actions.open(n);
    },
    outline(points) {
      pane.outline.firstChild.setAttribute("points", points ? points.map((point) => point.join(",")).join(" ") : "");
    },
    enclose(points, event) {
      const inside = pane.index.within(points.map(([x, y]) => camera.toLayout(x, y)));
      const mode = event.altKey ? "remove" : event.ctrlKey || event.metaKey ? "add" : "replace";
      map.actions.enclose(inside.filter((n) => map.flags[n] & 1), mode);
    },
    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target !== element || !press(map, pane, event)) return;
      event.preventDefault();
      map.moved(pane);
      const n = middle(map, pane);
      if (n >= 0) show(n, ...camera.toPane(pane.after[2 * n], pane.after[2 * n + 1]), true);
    },
  };
}

// Deep zoom of one picture with OpenSeadragon, loaded when it is first needed.

import { html, useEffect, useRef, useState } from "./vendor/preact.js";
import { image } from "./data.js";
import { Dialog } from "./parts.js";
import { isStatic, own } from "./source.js";

let loading;

/** Loads the library once; it defines a global. */
function openseadragon() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = own("vendor/openseadragon.js");
    script.onload = () => resolve(globalThis.OpenSeadragon);
    script.onerror = () => reject(new Error("OpenSeadragon is missing"));
    document.head.append(script);
  });
  return loading;
}

export function Zoom({ n, title, close }) {
  const root = useRef();
  const [fault, setFault] = useState(null);
  useEffect(() => {
    let viewer;
    openseadragon().then((library) => {
        if (!root.current) return;
        viewer = library({
          element: root.current,
          tileSources: isStatic ? { type: "image", url: image(n) } : `/api/images/${n}.dzi`,
          showNavigationControl: false,
          drawer: "canvas",
          maxZoomPixelRatio: 4,
          visibilityRatio: 0.6,
          animationTime: 0.6,
        });
        viewer.addHandler("open-failed", () => setFault("This picture cannot be opened."));
        viewer.addHandler("open", () => viewer.canvas.focus());
      }, (error) => setFault(error.message));
    return () => viewer?.destroy();
  }, [n]);
  return html`<${Dialog} title=${title.slice(0, 120)} close=${close} wide=${true}>
    <div class="deep" ref=${root}></div>
    <p class="hint">${fault ?? "Scroll or pinch to zoom, drag to move; + and − zoom by keyboard, arrows move."}</p>
  <//>`;
}

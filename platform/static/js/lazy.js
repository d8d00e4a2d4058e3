// Elements whose code comes when they are on the page, or in sight. It may import nothing of the bundle,
// which would run twice: what it needs of it is handed over.
import { kept } from "./kept.js";

const ELEMENTS = {
  "rz-notes": () => import("./notes/page.js"),
  "rz-review": () => import("./review/page.js"),
  "rz-talk": (host) => inSight(host).then(() => import("./talk/page.js")),
  "rz-share": (host) => inSight(host.querySelector("[popover]")).then(() => import("./share.js")),
  "rz-keep": () => import("./offline/keep.js"),
  "rz-kept": () => import("./offline/list.js"),
};

/** Once it can be seen; at once if there is no such thing. */
function inSight(element) {
  return new Promise((resolve) => {
    if (!element) { resolve(); return; }
    const watch = new IntersectionObserver((seen) => {
      if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
      watch.disconnect();
      resolve();
    }, { rootMargin: "200px" });
    watch.observe(element);
  });
}

for (const [name, load] of Object.entries(ELEMENTS)) {
  customElements.define(name, class extends HTMLElement {
    connectedCallback() { this.begun = load(this).then(({ begin }) => begin(this, kept)).catch(() => {}); }
  });
}

// What a learner keeps here is theirs as long as they are signed in and may open it.
const look = () => { if (kept.get("owner") && navigator.onLine) import("./offline/store.js").then(({ check }) => check(kept)).catch(() => {}); };
addEventListener("online", look);
look();

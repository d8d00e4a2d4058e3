// What htmx leaves to the page: guard the swap, mark where one is, move focus, keep scroll.
import { toast } from "./sheet.js";

const on = (name, hear) => document.addEventListener(`htmx:${name}`, hear);
// Pages that sign in, and those that bring scripts of their own (allauth's), come by a whole load.
const isOurs = (html) => /<main id="main" data-page="(?!entrance)/.test(html) && !html.includes("data-allauth-onload");
const scrolls = {};
let here = location.href;
let staying; // the form just sent that keeps the place: <form data-stay hx-swap="outerHTML show:none">
let going; // the last request for a page: what an earlier one brings comes too late

function arrive(scroll, focused) {
  here = location.href;
  for (const link of document.querySelectorAll("[data-nav] a")) {
    const { pathname } = link;
    const inside = pathname === "/" ? location.pathname === "/" : location.pathname.startsWith(pathname);
    if (inside) link.setAttribute("aria-current", location.pathname === pathname ? "page" : "true");
    else link.removeAttribute("aria-current");
  }
  const main = document.getElementById("main");
  if (focused) focused.focus({ preventScroll: true });
  else if (!main.querySelector("[autofocus]")) {
    const heading = main.querySelector("h1") ?? main;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  if (scroll !== undefined) scrollTo({ top: scroll, behavior: "instant" });
}

addEventListener("scroll", () => { if (here === location.href) scrolls[here] = scrollY; }, { passive: true });
addEventListener("pagehide", () => { history.scrollRestoration = "auto"; });

function go(xhr) {
  if (going?.isRestoring) going.abort(); // its answer would be swapped in unasked
  going = xhr;
}

on("beforeRequest", ({ detail }) => {
  history.scrollRestoration = "manual";
  if (detail.target.id !== "main") return;
  go(detail.xhr);
  const stays = detail.elt.matches("form[data-stay]");
  staying = stays && { path: location.pathname, scroll: scrollY, action: detail.elt.getAttribute("action") };
});
on("afterSettle", (event) => {
  const focused = document.activeElement; // what came above it may have pushed it out of sight
  if (event.target.id !== "main") return focused.matches(":focus-visible") && focused.scrollIntoView({ block: "nearest" });
  const form = staying?.path === location.pathname && document.querySelector(`form[data-stay][action="${staying.action}"]`);
  const shut = form && form.closest("details:not([open])"); // what it said stands above it now
  if (form) arrive(staying.scroll, (shut ?? form).querySelector(shut ? "summary" : "button"));
  else arrive();
  if (shut) shut.parentElement.scrollIntoView({ behavior: "instant" });
});

// Not a page of ours (a file, the admin, a broken answer): the browser goes there itself.
on("beforeSwap", (event) => {
  const { target, xhr, requestConfig } = event.detail;
  if (target.id !== "main" || (xhr === going && isOurs(xhr.responseText))) return;
  event.detail.shouldSwap = false;
  if (xhr !== going) return;
  if (requestConfig.verb === "get") location.assign(requestConfig.path);
  else if (xhr.responseURL && new URL(xhr.responseURL).pathname !== requestConfig.path) location.assign(xhr.responseURL);
  else toast("failed");
});
on("sendError", ({ target }) => { if (!/^(closing|talk)$/.test(target.id)) toast("offline"); }); // those nobody asked for

// Back and forward ask the server: nothing of a page is kept where it could outlive a sign-out.
on("historyCacheMiss", ({ detail: { xhr } }) => {
  xhr.isRestoring = true;
  xhr.onerror = () => toast("offline");
  go(xhr);
});
on("historyCacheMissLoad", (event) => { if (!isOurs(event.detail.response)) location.reload(); });
on("historyCacheMissLoadError", () => location.reload());
on("historyRestore", () => arrive(scrolls[location.href] ?? 0));

const offline = document.getElementById("offline");
const tell = () => { offline.textContent = navigator.onLine ? "" : offline.dataset.say; };
addEventListener("online", tell);
addEventListener("offline", tell);
tell();

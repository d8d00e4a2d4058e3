// The Aa sheet: how a text is shown, kept here and in a cookie, so that the next page comes so.
import { kept } from "./kept.js";

const root = document.documentElement;

function choose(name, value) {
  if (value) root.dataset[name] = value;
  else delete root.dataset[name];
  kept.set(name, value || null);
  const age = value ? 31536000 : 0;
  document.cookie = `rz_${name}=${value};path=/;max-age=${age};samesite=lax${location.protocol === "https:" ? ";secure" : ""}`;
  const ground = getComputedStyle(root).backgroundColor;
  for (const meta of document.querySelectorAll('meta[name="theme-color"]')) meta.content = ground;
}

for (const name of ["theme", "text", "face", "width"]) {
  const value = kept.get(name);
  if (value && root.dataset[name] !== value) choose(name, value);
}

customElements.define("rz-reader", class extends HTMLElement {
  connectedCallback() {
    for (const input of this.querySelectorAll("input")) {
      input.checked = input.value === (root.dataset[input.name] ?? input.dataset.usual ?? "");
    }
    this.addEventListener("change", ({ target }) => choose(target.name, target.value));
  }
});

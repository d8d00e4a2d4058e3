// <rz-kept>: what is kept on this device, and how much room it takes. Works without a network.
import { purge, remove, size, there } from "./store.js";

export async function begin(host, kept) {
  const list = host.querySelector("ol");
  const sum = host.querySelector(".kept-sum");
  const empty = host.querySelector(".kept-none");
  const all = host.querySelector("[data-all]");
  const room = async () => {
    const { quota, usage } = await navigator.storage?.estimate?.() ?? {};
    return quota ? size(Math.max(quota - usage, 0)) : "";
  };
  const show = async () => {
    const here = await there(kept);
    list.replaceChildren(...here.map(({ lesson, url, title, course, bytes }) => {
      const row = host.querySelector("template").content.cloneNode(true);
      const link = row.querySelector("a");
      link.href = url;
      link.querySelector("span").textContent = title;
      row.querySelector(".kept-course").textContent = `${course} · ${size(bytes)}`;
      const button = row.querySelector("button");
      button.setAttribute("aria-label", button.dataset.say.replace("{}", title));
      button.onclick = async () => { await remove(kept, lesson); await show(); (list.querySelector("button") ?? host).focus(); };
      return row;
    }));
    window.htmx?.process(list);
    const bytes = here.reduce((total, each) => total + each.bytes, 0);
    const free = here.length ? await room() : "";
    sum.textContent = here.length ? sum.dataset.say.replace("{n}", here.length).replace("{size}", size(bytes)) + (free ? sum.dataset.sayFree.replace("{size}", free) : "") : "";
    empty.hidden = here.length > 0;
    all.hidden = !here.length;
  };
  all.onclick = async () => { await purge(kept); await show(); host.focus(); };
  await show();
}

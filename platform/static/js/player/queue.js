// The list of what plays next: kept on this device, chosen by hand or as a whole course or track. An item
// is where a lesson stands and what it is called; who may hear it is asked when its turn comes.
import { lessonAt } from "./following.js";

export class Queue {
  constructor(player, kept) {
    Object.assign(this, { player, kept });
    this.sheet = document.getElementById("queue");
    this.sheet.addEventListener("click", ({ target }) => this.tap(target.closest("button")));
    for (const event of ["track", "again"]) player.addEventListener(event, () => this.remove(player.track.url)); // its turn has come
    player.addEventListener("change", () => this.mark());
    this.render();
  }

  /** [{ url, title, course }], the next one first. */
  get items() { return this.kept.get("queue") ?? []; }

  set items(items) {
    this.kept.set("queue", items.length ? items : null);
    if (items.length) this.own().catch(() => {});
    this.render();
    this.player.dispatchEvent(new Event("queue"));
  }

  /** A learner's list goes when they sign out: whose it is, js/offline/store.js compares with who is here. */
  async own() {
    const { check } = this.sheet.dataset;
    if (this.kept.get("owner")) return;
    const { learner } = await (await fetch(check)).json();
    if (learner) this.kept.set("owner", { learner, check });
  }

  remove(url) { if (this.items.some((item) => item.url === url)) this.items = this.items.filter((item) => item.url !== url); }

  /** A button of a page: one lesson, put in or taken out; or all that are listed there, played at once. */
  take({ dataset }) {
    if ("queueAll" in dataset) { this.playAll(); return; }
    const { url, title, course } = dataset;
    if (!url) return;
    if (this.items.some((item) => item.url === url)) this.remove(url);
    else this.items = [...this.items, { url, title, course }];
  }

  /** What is listed and not yet done, in its order; before what was chosen already. */
  async playAll() {
    const rows = [...document.querySelectorAll("#main [data-queue][data-url]")];
    const todo = rows.filter((row) => !row.parentElement.querySelector("[data-state=done]"));
    const listed = (todo.length ? todo : rows).map(({ dataset: { url, title, course } }) => ({ url, title, course }));
    this.items = [...listed, ...this.items.filter((item) => !listed.some(({ url }) => url === item.url))];
    const first = await this.next().catch(() => null);
    if (first) this.player.goOn(first);
  }

  /** The first lesson of the list that is open and sounds; what is not is dropped. Rejects without a network. */
  async next() {
    while (this.items.length) {
      const { url } = this.items[0];
      const lesson = await lessonAt(url);
      if (lesson) return lesson;
      this.remove(url);
    }
    return null;
  }

  tap(button) {
    const { to } = button?.dataset ?? {};
    if (!to) return;
    const { items } = this;
    const row = button.closest("li");
    const place = row ? [...row.parentElement.children].indexOf(row) : -1;
    const item = items[place];
    if (to === "empty") this.items = [];
    if (to === "out") this.items = items.filter((each) => each !== item);
    if (to === "play") lessonAt(item.url).then((lesson) => { if (lesson) this.player.goOn(lesson); else this.remove(item.url); }).catch(() => {});
    const moved = { up: place - 1, down: place + 1 }[to];
    if (items[moved]) {
      [items[place], items[moved]] = [items[moved], item];
      this.items = items;
    }
    if (row) this.focus(Math.min(moved ?? place, this.items.length - 1), to);
  }

  /** The same button of the row that stands there now, or the row, or what is left. */
  focus(place, to) {
    const row = this.sheet.querySelectorAll("li")[place];
    (row?.querySelector(`[data-to=${to}]:enabled`) ?? row?.querySelector("[data-to]") ?? this.sheet.querySelector("[data-close]")).focus();
  }

  render() {
    const { items, sheet } = this;
    const list = sheet.querySelector("ol");
    const fresh = items.map(({ title, course }, place) => {
      const row = sheet.querySelector("template").content.cloneNode(true);
      row.querySelector(".queue-title").textContent = title;
      row.querySelector(".queue-course").textContent = course;
      row.querySelector("[data-to=up]").disabled = place === 0;
      row.querySelector("[data-to=down]").disabled = place === items.length - 1;
      for (const button of row.querySelectorAll("[data-say]")) button.setAttribute("aria-label", button.dataset.say.replace("{}", title));
      return row;
    });
    list.replaceChildren(...fresh);
    sheet.querySelector(".queue-none").hidden = items.length > 0;
    sheet.querySelector("[data-to=empty]").hidden = !items.length;
    const button = this.player.querySelector(".player-queue");
    if (items.length) button.dataset.left = items.length;
    else delete button.dataset.left;
    this.mark();
  }

  mark() {
    const urls = new Set(this.items.map(({ url }) => url));
    for (const button of document.querySelectorAll("[data-queue][data-url]")) button.setAttribute("aria-pressed", urls.has(button.dataset.url));
  }
}

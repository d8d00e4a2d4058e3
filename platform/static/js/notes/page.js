// One's notes on the page of a lesson or an article: drawn in the text, listed beside it, kept.
import { find } from "./anchors.js";
import { Bar } from "./bar.js";
import { NoteSheet } from "./sheet.js";
import { mark, read, unmark } from "./text.js";
import { offerUndo, say } from "./toast.js";

const KEPT = "key quote prefix suffix start colour thought tags".split(" ");

/** Fills <rz-notes>, once the page has come to rest. */
export async function begin(host) {
  await new Promise((rest) => (window.requestIdleCallback ?? setTimeout)(rest, { timeout: 2000 }));
  if (!host.isConnected) return;
  const answer = await fetch(host.dataset.url, { headers: { accept: "application/json" } });
  if (!answer.ok || answer.redirected || !host.isConnected) return;
  new Notes(host, await answer.json());
}

class Notes {
  constructor(host, { csrf, who, tools, notes }) {
    Object.assign(this, { host, csrf, who, notes });
    this.root = document.querySelector("#main article.prose");
    host.innerHTML = tools;
    window.htmx?.process(host);
    this.gone = new AbortController();
    const { signal } = this.gone;
    document.addEventListener("htmx:afterSwap", () => { if (!host.isConnected) this.gone.abort(); }, { signal });
    this.root.addEventListener("click", (event) => this.tap(event), { signal, capture: true });
    this.list = host.querySelector(".note-list ul");
    this.list.addEventListener("click", ({ target }) => this.open(target.closest("[data-key]")?.dataset.key));
    host.querySelector("[data-whole]").onclick = () => this.sheet.show({ quote: "", prefix: "", suffix: "", start: "", colour: 1, thought: "", tags: "" });
    this.sheet = new NoteSheet(this);
    this.bar = new Bar(this, signal);
    this.render();
    addEventListener("hashchange", () => this.seek(), { signal });
    this.seek();
    this.sheet.takeOver();
  }

  render() {
    unmark(this.root);
    for (const note of this.notes) {
      const place = note.quote && find(read(this.root).text, note);
      note.isLost = Boolean(note.quote) && !place;
      note.marks = place ? mark(this.root, place, note) : [];
      note.from = place?.[0] ?? Infinity;
    }
    const lost = this.host.querySelector("[data-lost]").content;
    this.list.replaceChildren(...[...this.notes].sort((a, b) => a.from - b.from).map((note) => {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      Object.assign(button.dataset, { key: note.key, colour: note.quote ? note.colour : "" });
      if (note.quote) button.append(Object.assign(document.createElement("q"), { textContent: note.quote }));
      if (note.thought) button.append(Object.assign(document.createElement("strong"), { textContent: note.thought }));
      if (note.isLost) button.append(lost.cloneNode(true));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }));
    this.host.querySelector(".note-empty").hidden = this.notes.length > 0;
  }

  /** A mark opens its note; links in it go where they lead, and no sentence plays. */
  tap(event) {
    const marked = event.target.closest("[data-note]");
    if (!marked || event.target.closest("a, button") || !getSelection().isCollapsed) return;
    event.stopPropagation();
    this.open(marked.dataset.note);
  }

  open(key) {
    const note = this.notes.find((each) => each.key === key);
    if (note) this.sheet.show(note);
  }

  /** The address names one: it comes into sight with #note-…, sounds with #hear-…; a lost one opens. */
  seek() {
    const [, way, named] = location.hash.match(/^#(note|hear)-(.+)/) ?? [];
    const note = named && this.notes.find(({ key }) => key === named);
    if (!note) return;
    if (way === "hear") this.sheet.hear(note);
    if (!note.marks.length) { this.sheet.show(note); return; }
    note.marks[0].scrollIntoView({ block: "center", behavior: "instant" });
    for (const each of note.marks) each.classList.add("is-sought");
    setTimeout(() => { for (const each of note.marks) each.classList.remove("is-sought"); }, 2400);
  }

  /** Keeps a new note, or a removed one anew; with the same key it is the same. */
  async add(note) {
    const body = Object.fromEntries(KEPT.map((name) => [name, note[name] ?? ""]));
    const kept = await this.post(this.host.dataset.add, body);
    this.notes = [...this.notes.filter(({ key }) => key !== kept.key), kept];
    this.render();
    return kept;
  }

  /** One that was removed, with its review card if it had one. */
  async addAgain(note) {
    const kept = await this.add(note);
    if (note.card) await this.collect(kept, 1);
  }

  /** One that was removed elsewhere is kept anew. */
  async change(note, words) {
    try {
      Object.assign(note, await this.post(this.address(note), words));
    } catch (error) {
      if (error.status !== 404) throw error;
      await this.add({ ...note, ...words });
      return;
    }
    this.render();
  }

  async share(note, shared) {
    Object.assign(note, await this.post(`${this.address(note)}share/`, { shared }));
  }

  /** Makes a review card of it (1), or takes that away (0). */
  async collect(note, card) {
    Object.assign(note, await this.post(`${this.address(note)}review/`, { card }));
  }

  async remove(note) {
    await this.post(`${this.address(note)}remove/`, {}).catch((error) => { if (error.status !== 404) throw error; });
    this.notes = this.notes.filter((each) => each !== note);
    this.render();
    const removed = this.host.querySelector("[data-removed]");
    offerUndo(removed, () => this.addAgain(note).catch(() => say("failed")));
  }

  address({ key }) { return this.host.dataset.url.replace(/page\/\d+\/$/, `${key}/`); }

  /** What the server answers. Throws an Error whose message is for the learner, or empty; its status
   * is 401 where the session has ended. */
  async post(address, body, isAgain = false) {
    const headers = { accept: "application/json", "x-csrftoken": this.csrf };
    const answer = await fetch(address, { method: "POST", headers, body: new URLSearchParams(body) });
    if (answer.status === 204) return null;
    if (answer.status === 403 && !isAgain) {
      await this.renew();
      return this.post(address, body, true);
    }
    if (answer.redirected) throw signedOut();
    const told = answer.status === 429 ? {} : await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(told.error ?? ""), { status: answer.status });
    return told;
  }

  /** A log-in in another tab has made the token old. */
  async renew() {
    const answer = await fetch(this.host.dataset.url, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const { csrf, who } = answer.redirected ? {} : await answer.json();
    if (who !== this.who) throw signedOut();
    this.csrf = csrf;
  }

  /** Says that the session has ended, with a link that leads back here. */
  get logIn() {
    const words = this.host.querySelector("[data-signed-out]").content.cloneNode(true);
    const link = words.querySelector("a");
    link.href = `${link.getAttribute("href")}?next=${encodeURIComponent(location.pathname)}`;
    return words;
  }
}

const signedOut = () => Object.assign(new Error(), { status: 401 });

// The sheet of one note: its thought, tags and colour, hearing, reviewing, sharing and removing it.
import { wordsOf } from "./toast.js";

const drafts = new Map(); // what was typed and not kept, by what it belongs to
const named = (note) => note.key ?? `${location.pathname} ${note.quote}`;
const FIELDS = ["thought", "tags", "colour"];

export class NoteSheet {
  constructor(notes) {
    this.notes = notes;
    this.dialog = notes.host.querySelector("dialog");
    this.form = this.dialog.querySelector("form");
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.save().then((isKept) => isKept || this.keepOver()); });
    this.form.addEventListener("input", () => drafts.set(named(this.note), { ...this.words, made: this.note.made }));
    this.on("[data-remove]", () => this.try(() => this.notes.remove(this.note), true));
    this.on("[data-share]", () => this.try(() => this.notes.share(this.note, 1)));
    this.on("[data-unshare]", () => this.try(() => this.notes.share(this.note, 0)));
    for (const card of [1, 0]) this.on(`[data-card="${card}"]`, () => this.try(() => this.notes.collect(this.note, card)));
    this.on("[data-link]", async ({ target }) => {
      await navigator.clipboard.writeText(this.address);
      target.textContent = target.dataset.done;
    });
    this.on("[data-from]", () => {
      this.dialog.close();
      this.hear(this.note);
    });
  }

  on(selector, act) { this.dialog.querySelector(selector).addEventListener("click", act); }

  get words() { return Object.fromEntries(FIELDS.map((name) => [name, this.form.elements[name].value])); }

  show(note) {
    this.note = note;
    this.say("");
    const words = { ...note, ...drafts.get(named(note)) };
    note.made ??= words.made ?? crypto.randomUUID(); // its key, if it is a new one
    for (const name of FIELDS) this.form.elements[name].value = words[name];
    this.render();
    if (!this.dialog.open) this.dialog.showModal();
    if (!note.key) this.form.elements.thought.focus();
  }

  render() {
    const { note, dialog } = this;
    const quote = dialog.querySelector(".note-quote");
    quote.textContent = note.quote;
    quote.hidden = !note.quote;
    quote.dataset.colour = note.colour;
    dialog.querySelector(".note-lost").hidden = !note.isLost;
    dialog.querySelector("[data-remove]").hidden = !note.key;
    dialog.querySelector("[data-from]").hidden = !this.sentence(note);
    for (const button of dialog.querySelectorAll("[data-card]")) button.hidden = !note.key || !note.quote || (button.dataset.card === "0") !== Boolean(note.card);
    dialog.querySelector(".note-share").hidden = !note.key || note.isLost;
    dialog.querySelector("[data-share]").hidden = Boolean(note.shared);
    dialog.querySelector("[data-shared]").hidden = !note.shared;
    dialog.querySelector("[data-shared] input").value = this.address;
    dialog.querySelector("[data-link]").hidden = !navigator.clipboard;
  }

  get address() { return this.note.shared ? String(new URL(this.note.shared, location)) : ""; }

  hear(note) { this.sentence(note)?.click(); }

  /** The one it begins with, where that can be played. */
  sentence({ start }) {
    const lesson = this.notes.root.closest("rz-lesson.is-playable");
    if (!lesson || start === null || start === "") return null;
    return [...lesson.querySelectorAll(".sentence[data-start]")].find(({ dataset }) => +dataset.start === +start);
  }

  save() {
    const { note, words } = this;
    const isOld = note.key && this.notes.notes.includes(note);
    return this.try(() => (isOld ? this.notes.change(note, words) : this.notes.add({ ...note, ...words, key: note.made })), true);
  }

  /** Closes when it worked and should; else says what did not, with all that was typed. Gives whether it worked. */
  async try(act, closes = false) {
    try {
      await act();
    } catch (error) {
      const ours = error.name === "Error" && error.message; // fetch throws a TypeError
      this.say(error.status === 401 ? this.notes.logIn : ours || wordsOf(navigator.onLine ? "failed" : "offline"));
      return false;
    }
    drafts.delete(named(this.note));
    this.forget();
    if (closes) this.dialog.close();
    else this.render();
    return true;
  }

  say(words) { this.dialog.querySelector("[data-error]").replaceChildren(words); }

  get place() { return `rz:note:${location.pathname}`; }

  /** What could not be kept outlives a log-in and a reload. */
  keepOver() {
    const { marks, ...note } = { ...this.note, ...this.words };
    try { sessionStorage.setItem(this.place, JSON.stringify({ who: this.notes.who, note })); } catch { /* full or forbidden */ }
  }

  forget() {
    try { sessionStorage.removeItem(this.place); } catch { /* forbidden */ }
  }

  /** Opens with it again, once, for who wrote it. */
  takeOver() {
    let kept;
    try { kept = JSON.parse(sessionStorage.getItem(this.place)); } catch { /* forbidden */ }
    if (kept?.who !== this.notes.who) return;
    this.forget();
    const note = this.notes.notes.find(({ key }) => key === (kept.note.key ?? kept.note.made)) ?? { ...kept.note, key: undefined };
    drafts.set(named(note), kept.note);
    this.show(note);
  }
}

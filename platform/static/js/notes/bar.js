// The bar that comes with a selection: colours, a thought, copying, saying something of it.
import { passage } from "./text.js";
import { say } from "./toast.js";

const LONGEST = 500; // characters of one mark, as the server keeps them
const AWAY = 10; // pixels between the selection and the bar

export class Bar {
  constructor(notes, signal) {
    this.notes = notes;
    this.element = notes.host.querySelector(".note-bar[role=toolbar]");
    this.long = notes.host.querySelector(".note-long");
    this.element.querySelector("[data-talk]").hidden = !document.querySelector("rz-talk");
    const on = (name, hear) => document.addEventListener(name, hear, { signal });
    on("selectionchange", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.follow(), 200); });
    on("keydown", (event) => this.key(event));
    this.element.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the selection
    this.element.addEventListener("click", ({ target }) => this.act(target.closest("button")));
  }

  follow() {
    if (this.element.contains(document.activeElement)) return;
    const selection = getSelection();
    const range = selection.rangeCount && !selection.isCollapsed && selection.getRangeAt(0);
    const { root } = this.notes;
    this.passage = range && range.intersectsNode(root) && !document.querySelector("dialog[open]") ? passage(root, range) : null;
    const isLong = this.passage?.quote.length > LONGEST;
    this.element.hidden = !this.passage || isLong;
    this.long.hidden = !isLong;
    if (this.passage) this.place(isLong ? this.long : this.element, range.getBoundingClientRect());
  }

  /** Over the selection, or under it where there is no room; on a phone the style places it. */
  place(element, { top, bottom, left, width }) {
    const over = top - element.offsetHeight - AWAY;
    const y = over > 60 ? over : Math.min(bottom + AWAY, innerHeight - element.offsetHeight - 100);
    const x = Math.max(8, Math.min(left + width / 2 - element.offsetWidth / 2, document.body.clientWidth - element.offsetWidth - 8));
    element.style.setProperty("--at-y", `${Math.round(y + scrollY)}px`);
    element.style.setProperty("--at-x", `${Math.round(x)}px`);
  }

  /** Tab leads from the text into the bar, Escape away from it. */
  key(event) {
    if (this.element.hidden) return;
    if (event.key === "Tab" && !event.shiftKey && !this.element.contains(document.activeElement)) {
      event.preventDefault();
      this.element.querySelector("button").focus();
    }
    if (event.key === "Escape") this.hide();
  }

  hide() {
    if (this.element.contains(document.activeElement)) document.activeElement.blur();
    getSelection().removeAllRanges();
    this.element.hidden = this.long.hidden = true;
  }

  act(button) {
    if (!button || !this.passage) return;
    const note = { ...this.passage, colour: +(button.dataset.mark ?? 1), thought: "", tags: "" };
    if ("quote" in button.dataset) { document.execCommand("copy"); this.hide(); }
    if ("think" in button.dataset) { this.hide(); this.notes.sheet.show(note); }
    if ("talk" in button.dataset) {
      const detail = this.passage;
      const talk = document.querySelector("rz-talk");
      this.hide();
      talk.scrollIntoView({ behavior: "instant" }); // its code comes with the sight of it
      talk.begun.then(() => document.dispatchEvent(new CustomEvent("rz:quote", { detail })));
    }
    if (button.dataset.mark) this.mark(note);
  }

  /** With one key until it is kept, however often it is tried. */
  async mark(note) {
    const made = this.passage.key ??= crypto.randomUUID();
    try {
      await this.notes.add({ ...note, key: made });
      this.hide();
    } catch (error) {
      if (error.status !== 401) { say(navigator.onLine ? "failed" : "offline"); return; }
      const { sheet } = this.notes;
      this.hide();
      sheet.show({ ...note, made });
      sheet.say(this.notes.logIn);
      sheet.keepOver();
    }
  }
}

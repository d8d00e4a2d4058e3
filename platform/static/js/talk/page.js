// What is said under a lesson: htmx brings it; this attaches the moment that is heard or a sentence,
// and leads to them.
import { find } from "../notes/anchors.js";
import { read } from "../notes/text.js";
import { say } from "../notes/toast.js";
import { forget, keep, keepOver, restore } from "./draft.js";

const LONGEST = 200; // characters of a quote, as the server keeps them
const player = document.querySelector("rz-player");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** 258 → 4:18 */
function clock(seconds) {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, String(Math.floor(seconds) % 60).padStart(2, "0")];
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export function begin(host) {
  const gone = new AbortController();
  const { signal } = gone;
  const talk = new Talk(host);
  document.addEventListener("htmx:afterSwap", () => { if (!host.isConnected) gone.abort(); }, { signal });
  host.addEventListener("htmx:beforeRequest", ({ detail }) => talk.ask(detail), { signal });
  host.addEventListener("htmx:beforeSwap", (event) => talk.guard(event), { signal });
  host.addEventListener("htmx:sendError", () => { if (talk.writing) keepOver(talk.writing); }, { signal });
  host.addEventListener("htmx:afterSwap", () => talk.arrive(), { signal });
  document.addEventListener("htmx:beforeSwap", (event) => talk.leave(event), { signal });
  host.addEventListener("click", (event) => talk.tap(event), { signal, capture: true }); // before htmx, which listens on the link itself
  player.addEventListener("change", () => talk.tick(), { signal });
  document.addEventListener("rz:quote", ({ detail }) => talk.quote(detail), { signal });
  talk.dress();
  talk.fetch();
}

class Talk {
  constructor(host) { this.host = host; }

  get form() { return this.host.querySelector(".talk-form"); }

  /** Where words are being written: that form, or the one of an answer or a change. */
  get writing() { return this.host.querySelector("form:has(textarea[name=text])"); }

  /** The lesson this is about, if its page is the one that is shown. */
  get lesson() {
    const lesson = document.querySelector("rz-lesson");
    return lesson?.dataset.lesson === this.host.dataset.lesson ? lesson : null;
  }

  /** The second that is heard now, on the lesson's page or while it sounds elsewhere. */
  get at() {
    const video = this.lesson?.querySelector(".lesson-video");
    if (video) return video.currentTime;
    const isHere = this.lesson || player.track?.lesson === this.host.dataset.lesson;
    return isHere ? player.at : null;
  }

  /** On a lesson's page what is said comes once it is come to. */
  fetch() {
    const link = this.host.querySelector("#talk[hx-get]");
    if (link) window.htmx.trigger(link, "wanted");
  }

  ask({ elt, target }) { this.asked = target.id === "talk" && elt.id !== "talk" ? elt : null; }

  /** Anything but what is said here (a log-in, an error) stays out, and what was typed stays in. */
  guard(event) {
    const { target, xhr } = event.detail;
    if (target.id !== "talk" || xhr.responseText.includes('id="talk"')) return;
    event.detail.shouldSwap = false;
    if (!this.asked) return;
    const logIn = document.getElementById("say-signed-out").content.querySelector("a").getAttribute("href");
    const isSignedOut = logIn.startsWith(`${new URL(xhr.responseURL).pathname}?`);
    if (this.writing) keepOver(this.writing);
    if (xhr.status === 403) this.renew().catch(() => {});
    say(isSignedOut ? "signed-out" : "failed");
  }

  /** A log-in in another tab has made the forms' token old; trying again then works, for who wrote it. */
  async renew() {
    const answer = await fetch(this.host.dataset.url);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".talk-form");
    const { who } = this.host.querySelector("form[data-who]")?.dataset ?? {};
    if (!fresh || (who && who !== fresh.dataset.who)) return;
    for (const field of this.host.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = fresh.elements.csrfmiddlewaretoken.value;
  }

  /** What is half written is kept, whatever comes in its place; what was sent is not. */
  leave({ detail }) {
    const { writing } = this;
    if (!writing || !detail.shouldSwap) return;
    if (detail.requestConfig.elt === writing) forget(writing);
    else keep(writing);
  }

  arrive() {
    this.dress();
    if (this.waiting) { this.quote(this.waiting); return; }
    if (!this.asked) return;
    const action = this.asked.getAttribute("action");
    const again = action && this.host.querySelector(`form[action="${action}"] button[aria-pressed]`);
    const wrong = this.host.querySelector("[aria-invalid='true']");
    (wrong ?? again ?? this.host.querySelector("#talk-title")).focus({ preventScroll: Boolean(again) });
    this.asked = null;
  }

  /** Instead of the plain field for the moment, a button that takes the one that is heard. */
  dress() {
    const { form, writing } = this;
    if (writing) restore(writing);
    if (!form || "dressed" in form.dataset) return;
    form.dataset.dressed = "";
    for (const off of form.querySelectorAll("[data-off]")) off.hidden = false;
    const field = form.querySelector("[data-at-field]");
    if (!field || field.querySelector("[aria-invalid='true']") || this.at === null) return;
    field.hidden = true;
    form.querySelector("[data-moment]").hidden = false;
    this.show();
    this.tick();
  }

  tick() {
    const now = this.form?.querySelector("[data-now] [data-clock]");
    if (now && this.at !== null) now.textContent = clock(this.at);
  }

  show() {
    const { form } = this;
    const { at, quote } = form.elements;
    const [moment, chip, now, quoted] = ["[data-moment]", "[data-chip]", "[data-now]", "[data-quoted]"].map((name) => form.querySelector(name));
    quoted.hidden = !quote.value;
    quoted.querySelector("q").textContent = quote.value;
    if (!moment) return;
    chip.hidden = !at.value;
    now.hidden = Boolean(at.value);
    chip.querySelector("[data-clock]").textContent = at.value;
    if (quote.value) moment.hidden = true; // one of both
    else if (this.at !== null) moment.hidden = !form.querySelector("[data-at-field]").hidden;
  }

  tap(event) {
    const { target } = event;
    const { form } = this;
    if (target.closest("[data-now]")) { form.elements.at.value = clock(this.at); this.show(); form.querySelector("[data-chip] [data-off]").focus(); }
    if (target.closest("[data-chip] [data-off]")) { form.elements.at.value = ""; this.show(); form.querySelector("[data-now]").focus(); }
    if (target.closest("[data-quoted] [data-off]")) {
      for (const name of ["quote", "prefix", "suffix"]) form.elements[name].value = "";
      this.show();
      form.elements.text.focus();
    }
    const [moment, quote] = [target.closest("a[data-at]"), target.closest("a[data-quote]")];
    if ((moment && this.hear(+moment.dataset.at)) || (quote && this.seek(quote.dataset))) { event.preventDefault(); event.stopPropagation(); }
  }

  hear(at) {
    const video = this.lesson?.querySelector(".lesson-video");
    if (video) { video.currentTime = at; video.play(); video.scrollIntoView({ block: "center" }); return true; }
    if (this.lesson?.data?.media) player.play(this.lesson.data, at);
    else if (player.track?.lesson === this.host.dataset.lesson) player.play(player.track, at);
    else return false;
    return true;
  }

  /** Brings the sentence into sight, and marks it for a while. */
  seek(note) {
    const root = this.lesson?.querySelector("article.prose");
    const { text, nodes } = root ? read(root) : {};
    const place = root && find(text, { quote: note.quote, prefix: note.prefix, suffix: note.suffix });
    if (!place) return false;
    const range = document.createRange();
    for (const { node, at, places } of nodes) {
      if (at <= place[0] && place[0] < at + places.length) range.setStart(node, places[place[0] - at]);
      if (at < place[1] && place[1] <= at + places.length) range.setEnd(node, places[place[1] - at - 1] + 1);
    }
    range.startContainer.parentElement.scrollIntoView({ block: "center", behavior: calm.matches ? "instant" : "smooth" });
    if (window.CSS?.highlights) {
      CSS.highlights.set("talk", new Highlight(range));
      setTimeout(() => CSS.highlights.delete("talk"), 2400);
    }
    return true;
  }

  /** A sentence that was selected in the text: the form opens with it; it may still have to come. */
  quote(passage) {
    const { form } = this;
    this.waiting = null;
    if (!form) {
      if (this.host.querySelector(".talk-list, .talk-empty")) { this.host.scrollIntoView({ block: "start" }); return; } // nobody is signed in
      this.waiting = passage;
      this.fetch();
      return;
    }
    form.elements.quote.value = passage.quote.slice(0, LONGEST);
    form.elements.prefix.value = passage.prefix;
    form.elements.suffix.value = passage.quote.length > LONGEST ? "" : passage.suffix;
    form.closest("details").open = true;
    this.show();
    form.scrollIntoView({ block: "center", behavior: "instant" });
    form.elements.text.focus({ preventScroll: true });
  }
}

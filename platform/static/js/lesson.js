// A lesson's page: its sentences follow the sound or the film, a tap on one plays from there;
// reading counts.
import { count, meet, moved, read, resumeAt } from "./study/beats.js";
import { shareRead } from "./study/ranges.js";

const QUOTED = 12; // characters
const player = document.querySelector("rz-player");
const still = matchMedia("(prefers-reduced-motion: reduce)");

class Lesson extends HTMLElement {
  connectedCallback() {
    this.data = { ...this.dataset };
    this.sentences = [...this.querySelectorAll(".sentence[data-start]")];
    this.starts = this.sentences.map((sentence) => +sentence.dataset.start);
    this.isFollowing = true;
    this.byUs = Date.now() + 900; // arriving scrolls too
    this.lastY = scrollY;
    this.inputAt = 0;
    this.heardAt = -1;
    this.gone = new AbortController();
    const { signal } = this.gone;
    this.video = this.querySelector(".lesson-video");
    this.classList.toggle("is-playable", Boolean(this.data.media || this.video));
    meet(this.data);
    if (this.video) import("./video.js").then(({ watch }) => watch(this, player, { count, moved, resumeAt })).catch(() => {});
    this.addEventListener("click", (event) => this.tap(event), { signal });
    this.addEventListener("copy", (event) => this.copy(event), { signal });
    player.addEventListener("change", () => this.follow(), { signal });
    document.querySelector("[data-find]").addEventListener("click", () => import("./find.js").then(({ find }) => find(this)).catch(() => {}));
    for (const name of ["wheel", "touchmove", "pointermove", "pointerdown", "keydown", "scroll"]) {
      addEventListener(name, (event) => this.input(event), { signal, passive: true });
    }
    this.clock = setInterval(() => this.countReading(), 1000);
    player.show(this.data);
  }

  disconnectedCallback() {
    this.gone.abort();
    clearInterval(this.clock);
    if (player.page === this.data) player.show(null); // the next lesson may be here already
  }

  /** The film, or the player while it is at this lesson. */
  get media() { return this.video ?? (player.isTrack(this.data) ? player.audio : null); }

  get isPlaying() { return Boolean(this.media && !this.media.paused); }

  tap({ target }) {
    if (target.closest("[data-listen]")) player.play(this.data);
    if (target.closest("[data-follow]")) { this.isFollowing = true; this.follow(true); }
    const sentence = target.closest(".sentence, .marker");
    if (!sentence || !(this.data.media || this.video) || target.closest("a, button:not(.marker)") || !getSelection().isCollapsed) return;
    this.isFollowing = true;
    const start = +sentence.dataset.start;
    if (!this.video) { player.play(this.data, start); return; }
    this.video.currentTime = start;
    this.video.play();
  }

  /** A passage that is copied says where it stands; a few words go alone. */
  copy(event) {
    const words = String(getSelection());
    if (words.length < QUOTED || event.target.closest("input, textarea")) return;
    const { title, course, instructor, url } = this.data;
    const from = [[title, course, instructor].filter(Boolean).join(" · "), new URL(url, location)].join("\n");
    const box = document.createElement("div");
    box.append(getSelection().getRangeAt(0).cloneContents(), Object.assign(document.createElement("p"), { innerText: from }));
    event.clipboardData.setData("text/plain", `${words}\n\n${from}`);
    event.clipboardData.setData("text/html", box.innerHTML);
    event.preventDefault();
  }

  follow(now = false) {
    const listen = this.querySelector("[data-listen]");
    if (listen) listen.hidden = player.shown?.lesson === this.data.lesson;
    const back = this.querySelector("[data-follow]");
    if (back) back.hidden = this.isFollowing || !this.isPlaying;
    if (!this.media) { this.sentences[this.heardAt]?.classList.remove("is-heard"); this.heardAt = -1; return; }
    const at = (this.video?.currentTime ?? player.at) + 0.05;
    const index = this.starts.findLastIndex((start) => start <= at);
    if (index === this.heardAt && !now) return;
    this.sentences[this.heardAt]?.classList.remove("is-heard");
    this.heardAt = index;
    this.sentences[index]?.classList.add("is-heard");
    if (this.isFollowing && this.isPlaying) this.keepInSight(this.sentences[index]);
  }

  /** Scrolls only when the sentence has left the middle third. */
  keepInSight(sentence) {
    if (!sentence) return;
    const { top, bottom } = sentence.getBoundingClientRect();
    const third = innerHeight / 3;
    const to = Math.max(0, scrollY + top - third);
    if ((top >= third && bottom <= 2 * third) || Math.abs(to - scrollY) < 4) return;
    this.byUs = Date.now() + 900;
    scrollTo({ top: to, behavior: still.matches ? "instant" : "smooth" });
  }

  input({ type }) {
    this.inputAt = Date.now();
    if (type === "wheel" || type === "touchmove") this.byUs = 0; // what scrolls now, a hand does
    if (type !== "scroll") return;
    const from = this.lastY;
    this.lastY = scrollY;
    if (this.inputAt < this.byUs || scrollY === from) return;
    player.toggleAttribute("data-small", scrollY > from && scrollY > 80);
    if (this.isPlaying && this.sentences.length) { this.isFollowing = false; this.follow(); }
  }

  /** A visible text with input in the last minute is being read, unless something sounds. */
  countReading() {
    const now = Date.now();
    const wall = Math.min((now - (this.countedAt ?? now)) / 1000, 2);
    this.countedAt = now;
    if (document.hidden || now - this.inputAt > 60_000) return;
    const { top, bottom } = this.getBoundingClientRect();
    const end = this.querySelector(".lesson-end")?.getBoundingClientRect().top ?? bottom;
    const sounding = this.isPlaying || (player.track && !player.audio.paused);
    read(this.data, shareRead(top, end, innerHeight), sounding ? 0 : wall);
  }
}

customElements.define("rz-lesson", Lesson);

// The one player: dock on its lesson, mini elsewhere. What sounds is `track`; what the page is
// about is `page`; a page takes the player over only when nothing sounds or play is pressed there.
import { kept } from "./kept.js";
import { askToken, beat, count, meet, moved, resumeAt } from "./study/beats.js";

const KEYS = { " ": "toggle", k: "toggle", j: "back", ArrowLeft: "back", l: "forward", ArrowRight: "forward", "<": "slower", ">": "faster" };

/** 258 → 4:18 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

class Player extends HTMLElement {
  connectedCallback() {
    this.audio = this.querySelector("audio");
    this.range = this.querySelector(".player-seek input");
    this.isWaiting = false;
    const { audio } = this;
    audio.preservesPitch = true;
    this.setRate(kept.get("rate") ?? 1);
    this.setStep(kept.get("step") ?? 15);
    this.setVolume(kept.get("volume") ?? 1);
    count(audio, () => this.track);
    const hear = (names, act) => names.split(" ").forEach((name) => audio.addEventListener(name, act));
    hear("play pause durationchange", () => this.render());
    hear("waiting", () => { this.isWaiting = true; this.render(); });
    hear("playing canplay", () => { this.isWaiting = false; this.render(); });
    hear("loadedmetadata", () => { if (this.startAt) audio.currentTime = this.startAt; this.startAt = 0; });
    hear("timeupdate ended error", () => this.render());
    this.range.addEventListener("input", () => this.seek(+this.range.value));
    this.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button?.dataset.do) this.act(button.dataset.do);
      else if (button) this.more().then((parts) => parts?.tap(button));
    });
    this.addEventListener("input", ({ target }) => { if (target !== this.range) this.more().then((parts) => parts?.settings.take(target)); });
    document.addEventListener("click", ({ target }) => {
      this.hear(target.closest("[data-hear]"));
      const listed = target.closest("[data-queue]");
      if (listed) this.more().then((parts) => parts?.queue.take(listed));
    });
    document.addEventListener("keydown", (event) => this.key(event));
    try { if (sessionStorage["rz:track"]) this.more().then((parts) => parts?.again.restore()); } catch { /* forbidden */ }
  }

  /** What only a sound needs comes with the first one; null where the network is down. */
  more() {
    return this.parts ??= import("./player/more.js").then(({ begin }) => begin(this, kept)).catch(() => this.parts = null);
  }

  get autoplay() { return kept.get("autoplay") ?? false; }

  get shown() {
    const { page, track, audio } = this;
    return page?.media && (!track || this.isTrack(page) || audio.paused) ? page : track;
  }

  isTrack(lesson) { return lesson?.lesson === this.track?.lesson; }

  /** A lesson's page came (its data), or went (null). */
  show(lesson) {
    this.page = lesson;
    if (lesson && this.isTrack(lesson)) this.track = lesson;
    delete this.dataset.small;
    this.render();
  }

  /** Anew what is known of the track: its token, its day. */
  know(lesson) {
    meet(lesson);
    this.track = lesson;
    this.dispatchEvent(new Event("token"));
  }

  play(lesson = this.shown, at = undefined) {
    if (!this.isTrack(lesson) || this.audio.error) this.load(lesson);
    if (at !== undefined) this.seek(at);
    this.audio.play().catch(() => this.render());
    this.more();
    this.render();
  }

  /** The next lesson, whose page was read from afar. */
  goOn(lesson) {
    const isSame = this.isTrack(lesson);
    meet(lesson);
    this.play(lesson);
    if (isSame) this.dispatchEvent(new Event("again"));
  }

  /** A lesson played from where it is only listed: <button data-hear data-lesson="…" …>. */
  hear(button) {
    if (!button) return;
    const lesson = { ...button.dataset };
    if (this.isTrack(lesson)) { this.act("toggle"); return; }
    this.play(lesson);
    if (!lesson.learner) return; // it waits as a visitor's does
    askToken(lesson).then(() => this.dispatchEvent(new Event("token"))).catch(() => {});
  }

  load(lesson) {
    const again = this.isTrack(lesson) ? this.audio.currentTime : 0;
    beat();
    meet(lesson);
    this.track = lesson;
    this.startAt = again || resumeAt(lesson);
    this.audio.src = lesson.media;
    this.setRate(this.rate);
    this.dispatchEvent(new Event("track"));
  }

  seek(at, lesson = this.shown) {
    const { audio } = this;
    if (!this.isTrack(lesson)) { this.load(lesson); audio.load(); }
    const to = Math.max(0, Math.min(at, audio.duration || this.track.duration || at));
    if (audio.readyState) audio.currentTime = to;
    else this.startAt = to;
    this.placedAt = Date.now();
    moved(this.track, to);
    this.render();
  }

  get at() {
    if (!this.isTrack(this.shown)) return resumeAt(this.shown);
    return this.startAt || this.audio.currentTime;
  }

  act(name) {
    const { audio } = this;
    if (name === "toggle") { if (audio.paused) this.play(); else audio.pause(); }
    if (name === "back") this.seek(this.at - this.step);
    if (name === "forward") this.seek(this.at + this.step);
    if (name === "slower" || name === "faster") this.more().then((parts) => parts?.settings[name]());
    if (name === "close") this.close();
  }

  close() {
    this.audio.pause();
    this.track = null;
    this.audio.removeAttribute("src");
    this.audio.load();
    this.dispatchEvent(new Event("close"));
    this.render();
  }

  setRate(rate) {
    this.rate = this.audio.playbackRate = this.audio.defaultPlaybackRate = rate;
    kept.set("rate", rate);
    this.querySelector(".player-rate > span").textContent = `${rate}×`;
    this.dispatchEvent(new Event("settings"));
  }

  /** How far back and forward go. */
  setStep(step) {
    this.step = step;
    this.dataset.step = step;
    kept.set("step", step);
    for (const name of ["back", "forward"]) this.querySelector(`[data-do=${name}]`).setAttribute("aria-label", this.querySelector(`[data-do=${name}]`).dataset[`say-${step}`]);
    this.dispatchEvent(new Event("settings"));
  }

  /** 0 … 1, kept on this device; where only its own buttons change it, it stays at 1. */
  setVolume(volume) {
    this.volume = this.audio.volume = volume;
    kept.set("volume", volume);
  }

  render() {
    const { shown, audio, dataset } = this;
    for (const button of document.querySelectorAll("[data-hear]")) button.setAttribute("aria-pressed", this.isTrack(button.dataset) && !audio.paused);
    this.hidden = !shown;
    if (!shown) return;
    const live = this.isTrack(shown);
    const duration = (live && audio.duration) || +shown.duration || 0;
    const playing = live && !audio.paused;
    const at = this.at;
    dataset.mode = shown.lesson === this.page?.lesson ? "dock" : "mini";
    dataset.state = playing ? "playing" : "paused";
    this.toggleAttribute("data-waiting", playing && this.isWaiting);
    this.write("at", clock(at));
    this.write("left", `−${clock(duration - at)}`);
    this.range.max = Math.floor(duration);
    this.range.value = at;
    this.range.setAttribute("aria-valuetext", `${clock(at)} / ${clock(duration)}`);
    this.range.parentElement.style.setProperty("--heard", duration ? at / duration : 0);
    for (const button of this.querySelectorAll("[data-do=toggle]")) button.setAttribute("aria-label", playing ? dataset.sayPause : dataset.sayPlay);
    const broken = live && audio.error;
    const status = broken ? (navigator.onLine ? dataset.sayError : dataset.sayOffline) : playing && this.isWaiting ? dataset.sayWaiting : "";
    this.write("status", status);
    this.name(shown);
    const next = this.querySelector(".player-next");
    next.hidden = !(live && audio.ended && shown.nextUrl);
    if (!next.hidden) this.point(next.querySelector("a"), shown.nextUrl, shown.nextTitle);
    this.dispatchEvent(new Event("change"));
  }

  /** Titles, links and cover, when they are another lesson's. */
  name(shown) {
    if (this.named === shown.url) return;
    this.named = shown.url;
    for (const link of this.querySelectorAll("a.player-title")) this.point(link, shown.url, shown.title);
    const cover = this.querySelector(".player-mini .cover");
    cover.hidden = !shown.cover;
    if (shown.cover) cover.firstElementChild.src = shown.cover;
  }

  write(name, text) {
    for (const place of this.querySelectorAll(`.player-${name}`)) if (place.textContent !== text) place.textContent = text;
  }

  point(link, url, text) {
    if (link.getAttribute("href") === url) return;
    link.href = url;
    const words = link.querySelector("span") ?? link;
    if (text) words.textContent = text;
    window.htmx?.process(link);
  }

  key(event) {
    const act = KEYS[event.key];
    if (!act || !this.shown || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (kept.get("keys") === false || event.target.closest("input, textarea, select, audio, video, dialog, [contenteditable]")) return;
    if (event.key === " " && event.target.closest("button, a, summary")) return;
    event.preventDefault();
    this.act(act);
  }
}

customElements.define("rz-player", Player);

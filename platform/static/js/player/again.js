// What played is there again after a whole load, where it was, in this tab; after a reload it sounds on.
// Where another device has gone on since, it goes on from there.
import { lessonAt } from "./following.js";

const NAME = "rz:track";
const CLOSE = 5; // seconds that are no other place, and that the end of a lesson has
const AWAY = 30_000; // milliseconds in which somebody may have taken up another device

export class Again {
  constructor(player, sleep) {
    Object.assign(this, { player, sleep, heardAt: 0, hiddenAt: 0 });
    player.addEventListener("track", () => this.take());
    player.addEventListener("close", () => this.forget());
    player.addEventListener("change", () => this.meet());
    player.audio.addEventListener("timeupdate", () => { if (!player.audio.paused) this.heardAt = Date.now(); });
    addEventListener("pagehide", () => this.keep());
    document.addEventListener("visibilitychange", () => this.look());
    if (player.track) this.take();
    try { this.last = JSON.parse(sessionStorage.getItem(NAME)); } catch { this.last = null; }
  }

  /** The player has another lesson, and knows where that goes on. */
  take() {
    this.learner = this.player.track.learner;
    this.met = this.player.page;
    this.keep();
  }

  /** Where it stands, whatever page is open. */
  get at() { return this.player.startAt || this.player.audio.currentTime; }

  /** When it was there last: by playing, or by hand. */
  get placedAt() { return Math.max(this.heardAt, this.player.placedAt ?? 0); }

  keep() {
    const { player: { track, audio }, at, placedAt, sleep } = this;
    if (!track) return;
    const told = { track: { ...track, token: "" }, at, placedAt, playing: !audio.paused, sleep: [sleep.at, sleep.choice] };
    try { sessionStorage.setItem(NAME, JSON.stringify(told)); } catch { /* full or forbidden */ }
  }

  forget() { try { sessionStorage.removeItem(NAME); } catch { /* forbidden */ } }

  /** What its page says now, in the eyes of who is signed in: null where it is not theirs to hear,
   * nothing where nobody can say. */
  async now(track, learner) {
    const lesson = await lessonAt(track.url).catch(() => undefined);
    return lesson && learner && lesson.learner !== learner ? null : lesson;
  }

  /** Once, before anything else was chosen. */
  async restore() {
    const { player, last } = this;
    this.last = null;
    if (!last || player.track) return;
    const { at, placedAt = 0, playing, sleep, track: { learner } } = last;
    const page = player.page?.lesson === last.track.lesson && (!learner || player.page.learner === learner) && player.page;
    const track = page || await this.now(last.track, learner);
    if (track === null) { this.forget(); return; }
    if (player.track) return;
    if (!track) addEventListener("online", () => this.ask(), { once: true });
    this.heardAt = placedAt;
    player.load(track ?? { ...last.track, position: at, positionAt: 0 });
    const isOver = !playing && at > player.track.duration - CLOSE;
    if (!(track?.positionAt > placedAt)) player.startAt = isOver ? 0 : at;
    if (playing && performance.getEntriesByType("navigation")[0]?.type === "reload") player.play(player.track);
    if (Array.isArray(sleep)) this.sleep.resume(...sleep);
    player.render();
  }

  /** The tab is left, or looked at again. */
  look() {
    const { track, audio } = this.player;
    if (document.hidden) this.hiddenAt = Date.now();
    else if (track && audio.paused && Date.now() - this.hiddenAt > AWAY) this.ask();
  }

  /** Also once the network is back. */
  async ask() {
    const { player, player: { track } } = this;
    const lesson = track && await this.now(track, this.learner);
    if (lesson === undefined || !track || player.track?.lesson !== track.lesson) return;
    if (lesson === null) { player.close(); return; }
    if (lesson.media !== track.media) return; // replaced meanwhile: what is heard is told of the old one
    this.learner ??= lesson.learner;
    player.know(lesson);
    this.catchUp(lesson);
  }

  /** The page of what was heard came; it may have been made for another learner. */
  meet() {
    const { player } = this;
    const { page } = player;
    if (!page || page === this.met || !player.isTrack(page)) return;
    this.met = page;
    if (this.learner && this.learner !== page.learner) { player.close(); return; }
    this.learner ??= page.learner;
    this.catchUp(page);
  }

  catchUp({ position, positionAt }) {
    const { player, player: { audio } } = this;
    const isOver = !+position && this.at > (audio.duration || player.track.duration) - CLOSE; // by ourselves
    if (!audio.paused || isOver || !(positionAt > this.placedAt) || Math.abs(position - this.at) < CLOSE) return;
    this.heardAt = +positionAt;
    if (audio.readyState) audio.currentTime = position;
    else player.startAt = +position;
    player.render();
  }
}

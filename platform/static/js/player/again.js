// What played is there again after a whole load, where it was, in this tab; after a reload it sounds on.
// Where another device has gone on since, it goes on from there.
import { lessonAt } from "./following.js";

const NAME = "rz:track";
const CLOSE = 5; // seconds that are no other place, and that the end of a lesson has
const AWAY = 30_000; // milliseconds in which somebody may have taken up another device

export class Again {
  constructor(player, sleep) {
    Object.assign(this, { player, sleep, heardAt: 0, hiddenAt: 0 });
    player.addEventListener("track", () => { this.learner = player.track.learner; this.keep(); });
    player.addEventListener("close", () => this.forget());
    player.addEventListener("change", () => this.meet());
    player.audio.addEventListener("timeupdate", () => { if (!player.audio.paused) this.heardAt = Date.now(); });
    addEventListener("pagehide", () => this.keep());
    document.addEventListener("visibilitychange", () => this.look());
    this.learner = player.track?.learner;
    try { this.last = JSON.parse(sessionStorage.getItem(NAME)); } catch { this.last = null; }
  }

  keep() {
    const { player: { track, audio, at, shown }, heardAt, sleep } = this;
    if (!track) return;
    const told = { track: { ...track, token: "" }, at: this.player.isTrack(shown) ? at : audio.currentTime, heardAt, playing: !audio.paused, sleep: [sleep.at, sleep.choice] };
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
    const { at, heardAt = 0, playing, sleep = [null, "off"], track: { learner } } = last;
    const page = player.page?.lesson === last.track.lesson && (!learner || player.page.learner === learner) && player.page;
    const track = page || await this.now(last.track, learner);
    if (track === null) { this.forget(); return; }
    if (player.track) return;
    if (!track) addEventListener("online", () => this.ask(), { once: true });
    this.heardAt = heardAt;
    player.load(track ?? { ...last.track, position: at, positionAt: 0 });
    const isOver = !playing && at > player.track.duration - CLOSE;
    if (!(track?.positionAt > heardAt)) player.startAt = isOver ? 0 : at;
    if (playing && performance.getEntriesByType("navigation")[0]?.type === "reload") player.play(player.track);
    this.sleep.resume(...sleep);
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
    const { track } = this.player;
    const lesson = await this.now(track, this.learner);
    if (!lesson && lesson !== null) return;
    if (!this.player.isTrack(track)) return;
    if (lesson === null) { this.player.close(); return; }
    for (const name of ["token", "dayEnds", "learner"]) if (lesson[name]) track[name] = lesson[name];
    this.player.dispatchEvent(new Event("token"));
    this.catchUp(lesson);
  }

  /** The page of what was heard came; it may have been made for another learner. */
  meet() {
    const { player } = this;
    const { page } = player;
    if (!page || page === this.met || !player.isTrack(page)) return;
    this.met = page;
    if (this.learner && this.learner !== page.learner) player.close();
    else this.catchUp(page);
  }

  catchUp({ position, positionAt }) {
    const { player, player: { audio } } = this;
    if (!audio.paused || audio.ended || !(positionAt > this.heardAt) || Math.abs(position - player.at) < CLOSE) return;
    this.heardAt = +positionAt;
    if (audio.readyState) audio.currentTime = position;
    else player.startAt = +position;
    player.render();
  }
}

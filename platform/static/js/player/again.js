// What played is there again after a whole load, where it was, in this tab; after a reload it sounds on.
const NAME = "rz:track";

export class Again {
  constructor(player, sleep) {
    Object.assign(this, { player, sleep });
    player.addEventListener("track", () => this.keep());
    player.addEventListener("close", () => this.forget());
    addEventListener("pagehide", () => this.keep());
    try { this.last = JSON.parse(sessionStorage.getItem(NAME)); } catch { this.last = null; }
  }

  keep() {
    const { track, audio, at } = this.player;
    if (!track) return;
    try { sessionStorage.setItem(NAME, JSON.stringify({ track: { ...track, token: "" }, at: this.player.isTrack(this.player.shown) ? at : audio.currentTime, playing: !audio.paused, sleep: this.sleep.at })); } catch { /* full or forbidden */ }
  }

  forget() { try { sessionStorage.removeItem(NAME); } catch { /* forbidden */ } }

  /** Once, before anything else was chosen. */
  async restore() {
    const { player, last } = this;
    this.last = null;
    if (!last || player.track) return;
    const { at, playing, sleep } = last;
    const page = player.page?.lesson === last.track.lesson ? player.page : null;
    const track = page ?? { ...last.track, position: at, positionAt: 0 };
    const isOpen = page || !track.learner || await this.isOpen(track).catch(() => null);
    if (isOpen === false) { this.forget(); return; }
    if (player.track) return;
    if (isOpen === null) addEventListener("online", () => this.askAgain(track), { once: true });
    player.load(track);
    player.startAt = at;
    if (playing && performance.getEntriesByType("navigation")[0]?.type === "reload") { player.play(track); this.sleep.resume(sleep); }
    player.render();
  }

  /** What nobody could say without a network. */
  async askAgain(track) {
    const isOpen = await this.isOpen(track).catch(() => null);
    if (!this.player.isTrack(track)) return;
    if (isOpen === false) this.player.close();
    else this.player.dispatchEvent(new Event("token"));
  }

  /** Whether a learner's lesson is still theirs to hear, and by which token it is told. */
  async isOpen(track) {
    const leaves = new URL(`../kept/leaves/?lessons=${track.lesson}`, new URL(track.beatUrl, location));
    const { learner, lessons } = await (await fetch(leaves)).json();
    const leave = learner === track.learner && lessons[track.lesson];
    if (leave) Object.assign(track, { token: leave.token, dayEnds: leave.day_ends });
    return Boolean(leave);
  }
}

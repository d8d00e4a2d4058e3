// The sleep timer: minutes of real time, whatever the speed, or the end of a lesson or a chapter. The
// last seconds fade.
const FADE = 10; // seconds

export class Sleep {
  constructor(player, following) {
    Object.assign(this, { player, following, at: null, choice: "off" });
    player.audio.addEventListener("timeupdate", () => this.check());
    player.addEventListener("over", () => { if (following.until) this.wake(); });
    player.addEventListener("track", () => { if (this.at === "lesson" && !player.isTrack(this.of)) this.wake(); });
  }

  /** "off", minutes, "lesson" or "chapter". */
  set(choice) {
    this.resume(choice === "off" ? null : isNaN(choice) ? choice : Date.now() + choice * 60_000, choice);
  }

  /** Until a moment, "lesson" or "chapter"; null for none. Also what was chosen before a reload. */
  resume(at, choice) {
    for (const button of this.player.querySelectorAll("[data-sleep]")) button.setAttribute("aria-pressed", button.dataset.sleep === choice);
    Object.assign(this, { at, choice, of: this.player.shown });
    this.following.until = typeof at === "string" ? at : null;
    clearInterval(this.timer);
    if (this.at) this.timer = setInterval(() => this.check(), 1000);
    this.check();
  }

  wake() { this.set("off"); this.player.render(); }

  /** Seconds until the sound ends; Infinity as long as nobody knows. */
  left() {
    const { audio } = this.player;
    if (typeof this.at === "number") return (this.at - Date.now()) / 1000;
    return this.following.isLast ? (audio.duration - audio.currentTime) / audio.playbackRate : Infinity;
  }

  check() {
    const { player, at } = this;
    const left = at ? this.left() : Infinity;
    if (typeof at === "number" && left <= 0) { player.audio.pause(); this.wake(); return; }
    player.audio.volume = player.volume * (left < FADE ? Math.max(left / FADE, 0) : 1);
    const button = player.querySelector(".player-sleep");
    if (at) button.dataset.left = typeof at === "string" ? "•" : `${Math.ceil(left / 60)}′`;
    else delete button.dataset.left;
  }
}

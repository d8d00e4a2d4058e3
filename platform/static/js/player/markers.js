// The parts of a recording, on the page of the lesson that plays: which one is heard, and where they
// begin on the bar.

export class Markers {
  constructor(player) {
    this.player = player;
    player.addEventListener("change", () => this.show());
    this.show();
  }

  show() {
    const { player } = this;
    const live = player.dataset.mode === "dock" && player.isTrack(player.shown);
    const buttons = live ? [...document.querySelectorAll("rz-lesson .marker")] : [];
    this.draw(buttons, player.audio.duration);
    const heard = buttons.findLastIndex((button) => +button.dataset.start <= player.at + 0.05);
    buttons.forEach((button, place) => {
      if (place === heard) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
  }

  draw(buttons, duration) {
    const key = buttons.length && duration ? `${this.player.track.lesson}:${duration}` : "";
    if (key === this.drawn) return;
    this.drawn = key;
    const seek = this.player.querySelector(".player-seek");
    for (const tick of seek.querySelectorAll("i")) tick.remove();
    for (const { dataset: { start } } of key ? buttons : []) {
      if (+start < 1) continue;
      const tick = document.createElement("i");
      tick.style.insetInlineStart = `${(100 * start) / duration}%`;
      seek.append(tick);
    }
  }
}

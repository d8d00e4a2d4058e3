// What a listener sets in the sheets: speed, steps, volume, keys, what follows.
const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];

export class Settings {
  constructor(player, kept, speed) {
    Object.assign(this, { player, kept, speed });
    player.addEventListener("settings", () => this.show());
    this.show();
  }

  tap({ dataset: { rate, step } }) {
    if (rate) this.choose(+rate);
    if (step) this.player.setStep(+step);
  }

  take(input) {
    const { volume, keys, autoplay } = input.dataset;
    if (volume !== undefined) this.player.setVolume(+input.value);
    if (keys !== undefined) this.kept.set("keys", input.checked);
    if (autoplay !== undefined) this.kept.set("autoplay", input.checked);
  }

  slower() { this.choose(RATES.findLast((rate) => rate < this.player.rate)); }

  faster() { this.choose(RATES.find((rate) => rate > this.player.rate)); }

  choose(rate) {
    if (!rate) return; // slower than slowest
    this.player.setRate(rate);
    this.speed.choose();
  }

  show() {
    const { player, kept } = this;
    for (const name of ["rate", "step"]) {
      for (const button of player.querySelectorAll(`button[data-${name}]`)) button.setAttribute("aria-pressed", +button.dataset[name] === player[name]);
    }
    player.querySelector("[data-volume]").value = player.volume;
    player.querySelector("[data-keys]").checked = kept.get("keys") ?? true;
    player.querySelector("[data-autoplay]").checked = player.autoplay;
  }
}

// How fast a learner listens: kept by the server for every device, in all courses or in one. Without a
// token, or a network, this device's own speed stays.
export class Speed {
  constructor(player) {
    this.player = player;
    this.ofCourse = player.querySelector("[data-rate-of-course]");
    this.ofCourse.addEventListener("change", ({ target }) => this.tell({ of_course: target.checked, ...(target.checked && { rate: player.rate }) }));
    for (const event of ["track", "token"]) player.addEventListener(event, () => this.tell());
    this.tell();
  }

  /** The player's speed was chosen just now. */
  choose() { this.tell({ rate: this.player.rate, of_course: this.ofCourse.checked }); }

  /** Tells what is chosen, and follows the answer, unless something was chosen since. */
  async tell(choice = {}) {
    const { token, beatUrl } = this.player.track ?? this.player.shown ?? {};
    this.ofCourse.closest("div").hidden = !token;
    if (!token) return;
    const told = this.told = {};
    try {
      const answer = await fetch(new URL("../speed/", new URL(beatUrl, location)), { method: "POST", body: JSON.stringify({ token, ...choice }), headers: { "Content-Type": "application/json" } });
      if (!answer.ok || this.told !== told) return;
      const { rate, of_course: ofCourse } = await answer.json();
      this.ofCourse.checked = ofCourse;
      if (rate) this.player.setRate(rate);
    } catch { /* the network is down */ }
  }
}

// How fast a learner listens: kept by the server for every device, in all courses or in one. Without a
// token this device's own speed stays; what was chosen without a network is told once there is one.
export class Speed {
  constructor(player) {
    this.player = player;
    this.ofCourse = player.querySelector("[data-rate-of-course]");
    this.ofCourse.addEventListener("change", ({ target }) => this.tell({ of_course: target.checked, ...(target.checked && { rate: player.rate }) }));
    for (const event of ["track", "token"]) player.addEventListener(event, () => this.tell());
    addEventListener("online", () => { if (this.untold) this.tell(); });
    this.tell();
  }

  /** The player's speed was chosen just now. */
  choose() { this.tell({ rate: this.player.rate, of_course: this.ofCourse.checked }); }

  /** Tells what is chosen, and follows the answer, unless something was chosen since. */
  async tell(choice = null) {
    const { token, beatUrl, course } = this.player.track ?? this.player.shown ?? {};
    if (choice) this.untold = { choice, course };
    const untold = this.untold?.course === course ? this.untold : null;
    this.ofCourse.closest("div").hidden = !token;
    if (!token) return;
    const told = this.told = {};
    try {
      const answer = await fetch(new URL("../speed/", new URL(beatUrl, location)), { method: "POST", body: JSON.stringify({ token, ...untold?.choice }), headers: { "Content-Type": "application/json" } });
      if (!answer.ok || this.told !== told) return;
      if (untold) this.untold = null;
      const { rate, of_course: ofCourse } = await answer.json();
      this.ofCourse.checked = ofCourse;
      if (rate) this.player.setRate(rate);
    } catch { /* the network is down */ }
  }
}

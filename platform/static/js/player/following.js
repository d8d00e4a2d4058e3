// What plays after a lesson: what was put on the list, else the next one of its course, by choice or
// until its chapter ends. A lesson's page tells the player all it needs, and asks who may open it; here
// it is read from afar.
const AHEAD = 30; // seconds before the end, when the next lesson is asked for
const ONCE_MORE = 3000; // milliseconds until it is asked again, where nothing answered

/** What <rz-lesson> says at an address; null where it is not open or has no sound. Rejects without a network. */
export async function lessonAt(url) {
  const answer = await fetch(url, { headers: { "X-Page": "lesson" } }); // the service worker knows it by that
  if (answer.status >= 429) throw new Error(answer.status);
  if (!answer.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const lesson = page.querySelector("rz-lesson");
  return lesson?.dataset.media ? { ...lesson.dataset } : null;
}

/** The lesson after another one, with `opensChapter` where another chapter begins with it; or null. */
async function lessonAfter(lesson) {
  const own = lesson.nextUrl ? lesson : await lessonAt(lesson.url); // a listed one knows no next
  return own?.nextUrl ? beside(own, await lessonAt(own.nextUrl)) : null;
}

const beside = (own, next) => next && { ...next, opensChapter: next.chapter !== own?.chapter };

export class Following {
  until = null; // "lesson" or "chapter": after its end nothing follows

  constructor(player) {
    this.player = player;
    player.audio.addEventListener("timeupdate", () => this.look());
    player.audio.addEventListener("ended", () => this.goOn());
    player.addEventListener("queue", () => { this.ahead = null; });
  }

  /** What follows a lesson: from the list, or in its course. */
  async after(lesson) {
    const listed = await this.queue.next();
    return listed ? beside(lesson, listed) : lessonAfter(lesson);
  }

  /** Asks for the next lesson, where one is to follow and the end is near. */
  look() {
    const { audio, track, autoplay } = this.player;
    const asks = this.until === "chapter" || ((autoplay || this.queue.items.length) && !this.until);
    if (!track || !asks || this.ahead?.of === track.lesson || !(audio.duration - audio.currentTime < AHEAD)) return;
    const ahead = this.ahead = { of: track.lesson };
    ahead.lesson = this.after(track).then((next) => {
      ahead.isLast = !next || next.opensChapter;
      return next;
    }).catch(() => {
      setTimeout(() => { if (this.ahead === ahead) this.ahead = null; }, ONCE_MORE);
      return null;
    });
  }

  /** Whether the sleep timer is known to end with the lesson that plays. */
  get isLast() {
    const { ahead, until, player } = this;
    return until === "lesson" || (until === "chapter" && ahead?.of === player.track?.lesson && ahead.isLast === true);
  }

  /** The lesson that follows the one that plays; null where none does. */
  async next() {
    const { ahead, until, player } = this;
    if (until === "lesson" || ahead?.of !== player.track?.lesson) return null;
    const next = await ahead?.lesson;
    return !next || (until === "chapter" && next.opensChapter) ? null : next;
  }

  /** On to what follows, now: headphones ask so. */
  async skip() {
    const { player } = this;
    const { track } = player;
    const next = await this.after(track).catch(() => null);
    if (next && player.track === track) player.goOn(next);
  }

  async goOn() {
    const { player } = this;
    const { track } = player;
    this.look(); // a short lesson may have ended before anybody looked
    const next = await this.next();
    if (player.track !== track || !player.audio.ended) return; // something else was chosen meanwhile
    if (next) player.goOn(next);
    else player.dispatchEvent(new Event("over"));
  }
}

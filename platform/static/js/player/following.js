// What plays after a lesson: the next one of its course, by choice or until its chapter ends. A lesson's
// page tells the player all it needs, and asks who may open it; here it is read from afar.
const AHEAD = 30; // seconds before the end, when the next lesson is asked for

/** What <rz-lesson> says at an address; null where it is not open, has no sound, or the network is down. */
async function lessonAt(url) {
  try {
    const answer = await fetch(url);
    if (!answer.ok) return null;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const lesson = page.querySelector("rz-lesson");
    return lesson?.dataset.media ? { ...lesson.dataset } : null;
  } catch { return null; }
}

/** The lesson after one that plays, with `opensChapter` where another chapter begins with it; or null. */
async function lessonAfter(lesson) {
  const own = lesson.nextUrl ? lesson : await lessonAt(lesson.url); // a listed one knows no next
  const next = own?.nextUrl ? await lessonAt(own.nextUrl) : null;
  return next && { ...next, opensChapter: next.chapter !== own.chapter };
}

export class Following {
  until = null; // "lesson" or "chapter": after its end nothing follows

  constructor(player) {
    this.player = player;
    player.audio.addEventListener("timeupdate", () => this.look());
    player.audio.addEventListener("ended", () => this.goOn());
  }

  /** Asks for the next lesson, where one is to follow and the end is near. */
  look() {
    const { audio, track, autoplay } = this.player;
    const asks = this.until === "chapter" || (autoplay && !this.until);
    if (!track || !asks || this.ahead?.of === track.lesson || !(audio.duration - audio.currentTime < AHEAD)) return;
    const ahead = this.ahead = { of: track.lesson, lesson: lessonAfter(track) };
    ahead.lesson.then((next) => { ahead.isLast = !next || next.opensChapter; });
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

  async goOn() {
    const { player } = this;
    const { track } = player;
    const next = await this.next();
    if (player.track !== track || !player.audio.ended) return; // something else was chosen meanwhile
    if (next) player.goOn(next);
    else player.dispatchEvent(new Event("over"));
  }
}

// Heartbeats: what was studied in one session of one lesson, cumulative, so that a beat may come
// late, twice or never. Visitors' sessions, and those of a broken network, wait in localStorage.
import { kept } from "../kept.js";
import { add, isPlayed } from "./ranges.js";

const EVERY = 15_000;
const DAY = 86_400_000;
const sessions = new Map();
let lastBeat = Date.now();

const uuid = () => "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
  (+digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (+digit / 4)))).toString(16));
const isOf = (learner) => (beat) => !beat.learner || beat.learner === (learner ?? "");
const waiting = (lesson) => (kept.get(`study:${lesson.lesson}`) ?? []).filter(isOf(lesson.learner));

function begin(lesson, position) {
  return { lesson, session: uuid(), seq: 0, position, ranges: [], wall: 0, read_to: 0, isNew: false };
}

/** The lesson's session; a new one after the learner's midnight. */
function sessionOf(lesson) {
  let session = sessions.get(lesson.lesson);
  const ended = session && Date.now() >= +session.lesson.dayEnds;
  if (ended) {
    send(session);
    lesson.dayEnds = session.lesson.dayEnds = +session.lesson.dayEnds + DAY;
  }
  if (!session || ended) {
    session = begin(session?.lesson ?? lesson, session?.position ?? resumeAt(lesson));
    sessions.set(lesson.lesson, session);
  }
  return session;
}

/** A page of the lesson is here: its token is fresher than what a session may hold. */
export function meet(lesson) {
  const session = sessions.get(lesson.lesson);
  if (session) session.lesson = lesson;
  if (!lesson.token) return;
  lesson.position = resumeAt(lesson); // the page was made before what waits here is sent and forgotten
  sendWaiting(lesson);
}

/** A token for a lesson whose page is not here; without one its study waits as a visitor's does. */
export async function askToken(lesson) {
  const answer = await fetch(new URL(`../token/${lesson.lesson}/`, new URL(lesson.beatUrl, location)));
  if (!answer.ok) return false;
  const { token, day_ends: dayEnds } = await answer.json();
  Object.assign(lesson, { token, dayEnds });
  return true;
}

/** Where to go on: this page's session, then what was not yet sent, then what the server knows. */
export function resumeAt(lesson) {
  const last = sessions.get(lesson.lesson) ?? waiting(lesson).at(-1);
  const at = +(last?.position ?? lesson.position ?? 0);
  return lesson.duration && at > lesson.duration - 5 ? 0 : at;
}

/** The player went from one position to another in `wall` seconds. */
export function heard(lesson, from, to, wall, rate) {
  const session = sessionOf(lesson);
  if (isPlayed(from, to, wall, rate)) session.ranges = add(session.ranges, from, to);
  session.position = to;
  session.wall += wall;
  session.isNew = true;
}

/** Counts what plays in `media` for the lesson that `lessonOf()` gives. */
export function count(media, lessonOf) {
  let last = null;
  const tick = (isPlaying) => {
    const now = performance.now();
    if (lessonOf() && last && isPlaying) heard(lessonOf(), last.at, media.currentTime, Math.min((now - last.now) / 1000, 60), media.playbackRate);
    last = media.paused ? null : { now, at: media.currentTime };
  };
  const hear = (names, act) => names.split(" ").forEach((name) => media.addEventListener(name, act));
  hear("emptied", () => { last = null; });
  hear("play playing seeked", () => tick(false));
  hear("timeupdate", () => tick(!media.paused && !media.seeking));
  hear("pause", () => { tick(!media.seeking); beat(); });
  hear("ended", () => beat());
}

/** The player stands elsewhere without having played. */
export function moved(lesson, position) {
  const session = sessionOf(lesson);
  session.position = position;
  session.isNew = true;
}

/** A visible text was read for `wall` seconds, down to a share of it. */
export function read(lesson, share, wall) {
  const session = sessionOf(lesson);
  session.wall += wall;
  session.read_to = Math.max(session.read_to, share);
  session.isNew = true;
}

function bodyOf({ session, seq, position, ranges, wall, read_to }, token) {
  const cents = (number) => Math.round(number * 100) / 100;
  return JSON.stringify({ token, session, seq, position: cents(position), ranges, wall: cents(wall), read_to });
}

function keep(lesson, beat) {
  const others = (kept.get(`study:${lesson.lesson}`) ?? []).filter((other) => other.session !== beat.session);
  const learner = lesson.token ? lesson.learner : "";
  kept.set(`study:${lesson.lesson}`, [...others, { ...JSON.parse(bodyOf(beat)), learner }].slice(-8));
}

function forget(lesson, { session }) {
  const others = (kept.get(`study:${lesson.lesson}`) ?? []).filter((other) => other.session !== session);
  kept.set(`study:${lesson.lesson}`, others.length ? others : null);
}

const post = (url, body) =>
  fetch(url, { method: "POST", body, keepalive: true, headers: { "Content-Type": "application/json" } });

async function send(session, leaving = false) {
  if (!session.isNew) return;
  const { lesson } = session;
  session.isNew = false;
  session.seq += 1;
  if (!lesson.token || !navigator.onLine) {
    keep(lesson, session);
    session.isNew = Boolean(lesson.token); // a visitor's waits for the sign-in
    return;
  }
  const body = bodyOf(session, lesson.token);
  if (leaving && navigator.sendBeacon(lesson.beatUrl, new Blob([body], { type: "application/json" }))) return;
  try {
    const answer = await post(lesson.beatUrl, body);
    if (answer.status === 401) await renew(session, (await answer.json()).renew);
    else if (answer.status >= 429) throw new Error(answer.status);
    else forget(lesson, session);
  } catch {
    session.isNew = true;
    keep(lesson, session);
  }
}

/** The token is too old: with a new one the session is sent a last time, and another begins.
 * A token nobody signed has no address to renew it at: then, too, what was studied waits. */
async function renew(session, url) {
  const { lesson } = session;
  if (!url || !await askToken(lesson)) { keep(lesson, session); delete lesson.token; return; }
  session.seq += 1;
  await post(lesson.beatUrl, bodyOf(session, lesson.token));
  forget(lesson, session);
  if (sessions.get(lesson.lesson) === session) sessions.set(lesson.lesson, begin(lesson, session.position));
}

/** What waits goes now: of this lesson, then of others, whose tokens are asked for. */
async function sendWaiting(lesson) {
  const ids = kept.names("study:").filter((id) => id !== lesson.lesson);
  for (const id of [lesson.lesson, ...ids]) {
    const of = { ...lesson, lesson: id };
    const live = sessions.get(id)?.session;
    const beats = waiting(of).filter((beat) => beat.session !== live);
    if (!beats.length) continue;
    try {
      if (id !== lesson.lesson && !await askToken(of)) continue;
      for (const beat of beats) if ((await post(of.beatUrl, bodyOf(beat, of.token))).ok) forget(of, beat);
    } catch { return; }
  }
}

/** Sends what is new; on leaving, by a beacon. */
export function beat(leaving = false) {
  lastBeat = Date.now();
  for (const session of sessions.values()) send(session, leaving);
}

setInterval(() => { if (Date.now() - lastBeat >= EVERY) beat(); }, 1000);
// What loads a whole page asks for it before this one hides: the beat must be there first.
for (const leave of ["submit", "beforeunload"]) addEventListener(leave, () => beat());
addEventListener("pagehide", () => beat(true));
addEventListener("online", () => {
  beat();
  for (const { lesson } of sessions.values()) if (lesson.token) { sendWaiting(lesson); break; }
});
document.addEventListener("visibilitychange", () => { if (document.hidden) beat(); });

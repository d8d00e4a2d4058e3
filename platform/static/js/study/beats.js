// Heartbeats: what was studied in one session of one lesson, cumulative, so that a beat may come
// late, twice or never. Visitors' sessions, and those of a broken network, wait in localStorage.
import { kept } from "../kept.js";
import { add, isPlayed } from "./ranges.js";

const DAY = 86_400_000;
const APART = 10_000;
const sessions = new Map();
let lastBeat = Date.now();
let every = 15; // seconds; the server may say otherwise
let quietUntil = 0; // it asked to be left alone

const uuid = () => "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
  (+digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (+digit / 4)))).toString(16));
const isOf = (learner) => (beat) => !beat.learner || beat.learner === (learner ?? "");
const waiting = (lesson) => (kept.get(`study:${lesson.lesson}`) ?? []).filter(isOf(lesson.learner));

/** `at` is when it was studied last, `placed` when its position was chosen or played, in milliseconds. */
function begin(lesson, position, placed = 0) {
  return { lesson, session: uuid(), seq: 0, position, placed, ranges: [], wall: 0, read_to: 0, at: Date.now(), isNew: false };
}

/** The lesson's session; a new one after the learner's midnight, or where it is `over`. */
function sessionOf(lesson, over = () => false) {
  let session = sessions.get(lesson.lesson);
  const ended = session && Date.now() >= +session.lesson.dayEnds;
  if (ended) lesson.dayEnds = session.lesson.dayEnds = +session.lesson.dayEnds + DAY;
  if (ended || (session && over(session))) {
    send(session);
    sessions.delete(lesson.lesson);
  }
  if (!sessions.has(lesson.lesson)) {
    session = begin(session?.lesson ?? lesson, session?.position ?? resumeAt(lesson), session?.placed);
    sessions.set(lesson.lesson, session);
  }
  return session;
}

/** A page of the lesson is here: its token is fresher than what a session may hold. */
export function meet(lesson) {
  const session = sessions.get(lesson.lesson);
  if (session) {
    const { learner, dayEnds } = session.lesson;
    const isOver = Date.now() >= +dayEnds;
    const isOthers = (learner ?? lesson.learner) !== lesson.learner;
    if (isOver || isOthers) send(session);
    if (isOthers) sessions.delete(lesson.lesson);
    else if (isOver) sessions.set(lesson.lesson, begin(lesson, session.position, session.placed));
    else session.lesson = lesson;
  }
  if (!lesson.token) return;
  lesson.position = resumeAt(lesson); // the page was made before what waits here is sent and forgotten
  sendWaiting(lesson);
}

/** A token for a lesson whose page is not here; without one its study waits as a visitor's does. */
export async function askToken(lesson) {
  const answer = await fetch(new URL(`../token/${lesson.lesson}/`, new URL(lesson.beatUrl, location)));
  if (!answer.ok) return false;
  const { token, day_ends: dayEnds, learner } = await answer.json();
  if (learner && lesson.learner && learner !== lesson.learner) return false; // somebody else is here now
  Object.assign(lesson, { token, dayEnds });
  return true;
}

/** Where to go on: by this page's session, or what was not yet sent, or what the server knows, whichever was studied last. */
export function resumeAt(lesson) {
  const last = sessions.get(lesson.lesson) ?? waiting(lesson).at(-1);
  const isLater = last && !((last.placed ?? last.at) < lesson.positionAt); // another device may have gone on since
  const at = +((isLater ? last : lesson).position ?? 0);
  return lesson.duration && at > lesson.duration - 5 ? 0 : at;
}

function changed(session, what) { Object.assign(session, what, { at: Date.now(), isNew: true }); }

/** The player went from one position to another in `wall` seconds. */
export function heard(lesson, from, to, wall, rate) {
  const session = sessionOf(lesson);
  if (isPlayed(from, to, wall, rate)) session.ranges = add(session.ranges, from, to);
  session.wall += wall;
  changed(session, { position: to, placed: Date.now() });
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
  hear("timeupdate", () => tick(!media.seeking)); // one comes just before a pause
  hear("pause", () => { tick(!media.seeking); beat(); });
  hear("ended", () => beat());
}

/** The player stands elsewhere without having played. */
export function moved(lesson, position) {
  changed(sessionOf(lesson), { position, placed: Date.now() });
}

/** A visible text was read for `wall` seconds, down to a share of it. Long after it sounded that is a
 * session of its own: the place where it sounded keeps its time, for another device may sound since. */
export function read(lesson, share, wall) {
  const session = sessionOf(lesson, ({ ranges, placed }) => ranges.length && Date.now() - placed > APART);
  session.wall += wall;
  changed(session, { read_to: Math.max(session.read_to, share) });
}

function bodyOf({ session, seq, position, ranges, wall, read_to, at }, token) {
  const cents = (number) => Math.round(number * 100) / 100;
  const ago = at ? Math.max(0, Date.now() - at) / 1000 : 0;
  return JSON.stringify({ token, session, seq, position: cents(position), ranges, wall: cents(wall), read_to, ago: cents(ago) });
}

function keep(lesson, beat) {
  const others = (kept.get(`study:${lesson.lesson}`) ?? []).filter((other) => other.session !== beat.session);
  const learner = lesson.token ? lesson.learner : "";
  kept.set(`study:${lesson.lesson}`, [...others, { ...JSON.parse(bodyOf(beat, lesson.token)), at: beat.at, placed: beat.placed, url: lesson.beatUrl, learner }].slice(-64));
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
  if (!lesson.token || !navigator.onLine || Date.now() < quietUntil) {
    keep(lesson, session);
    session.isNew = Boolean(lesson.token); // a visitor's waits for the sign-in
    return;
  }
  const body = bodyOf(session, lesson.token);
  if (leaving && navigator.sendBeacon(lesson.beatUrl, new Blob([body], { type: "application/json" }))) return;
  try {
    const answer = await post(lesson.beatUrl, body);
    const told = (name) => +answer.headers.get(name);
    every = told("Beat-Every") || every;
    if (answer.status >= 429) quietUntil = Date.now() + told("Retry-After") * (1000 + 500 * Math.random()); // not all at once
    if (answer.status === 401) await import("./late.js").then(({ renew }) => renew(session, answer, late));
    else if (answer.status >= 429) throw new Error(answer.status);
    else forget(lesson, session);
  } catch {
    session.isNew = true;
    keep(lesson, session);
  }
}

/** What waits goes now, of this lesson and of others; without a lesson, what has a token of its own. It
 * is rare, so its code comes only then. */
function sendWaiting(lesson) {
  if (kept.names("study:").length) import("./late.js").then(({ sendAll, sendOwn }) => (lesson ? sendAll(lesson, late) : sendOwn(late))).catch(() => {});
}

const late = { kept, waiting, askToken, post, bodyOf, keep, forget, sessions, begin };

/** Sends what is new; on leaving, by a beacon. */
export function beat(leaving = false) {
  lastBeat = Date.now();
  for (const session of sessions.values()) send(session, leaving);
}

setInterval(() => { if (Date.now() - lastBeat >= every * 1000) beat(); }, 1000);
// What loads a whole page asks for it before this one hides: the beat must be there first.
for (const leave of ["submit", "beforeunload"]) addEventListener(leave, () => beat());
addEventListener("pagehide", () => beat(true));
addEventListener("online", () => {
  beat();
  sendWaiting([...sessions.values()].find(({ lesson }) => lesson.token)?.lesson);
});
if (navigator.onLine && !document.querySelector("rz-lesson")) sendWaiting();
document.addEventListener("visibilitychange", () => { if (document.hidden) beat(); });

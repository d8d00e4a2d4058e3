// Beats that waited for a network or a sign-in, or whose token is too old. Loaded when there are any;
// imports nothing, for what it needs lives in the bundle (study/beats.js hands it over).

/** The token is too old: with a new one the session is sent a last time, and another begins.
 * A token nobody signed has no address to renew it at: then, too, what was studied waits. */
export async function renew(session, answer, { askToken, keep, post, bodyOf, forget, sessions, begin }) {
  const { lesson } = session;
  if (!(await answer.json()).renew || !await askToken(lesson)) { keep(lesson, session); delete lesson.token; return; }
  session.seq += 1;
  await post(lesson.beatUrl, bodyOf(session, lesson.token));
  forget(lesson, session);
  if (sessions.get(lesson.lesson) === session) sessions.set(lesson.lesson, begin(lesson, session.position, session.placed));
}

/** Sends what waits: of this lesson, then of others. Each goes with the token it was studied with, for
 * time counts from there on; where that is too old, or there was none, with a fresh one. */
export async function sendAll(lesson, { kept, waiting, askToken, post, bodyOf, forget, sessions }) {
  const ids = kept.names("study:").filter((id) => id !== lesson.lesson);
  for (const id of [lesson.lesson, ...ids]) {
    const of = { ...lesson, lesson: id };
    const beats = waiting(of).filter((beat) => sessions.get(id)?.session !== beat.session);
    if (!beats.length) continue;
    try {
      const fresh = async () => id === lesson.lesson || (of.isFresh ??= await askToken(of));
      for (const beat of beats) {
        const first = beat.token && await post(of.beatUrl, bodyOf(beat, beat.token));
        const isOld = !first || first.status === 401;
        const answer = isOld ? await fresh() && await post(of.beatUrl, bodyOf(beat, of.token)) : first;
        if (answer?.ok) forget(of, beat);
      }
    } catch { return; }
  }
}

/** Where no lesson is on the page: what was studied with a token goes with it, whoever is here now. */
export async function sendOwn({ kept, post, bodyOf, forget }) {
  for (const lesson of kept.names("study:")) {
    for (const beat of kept.get(`study:${lesson}`) ?? []) {
      if (beat.token && (await post(beat.url, bodyOf(beat, beat.token))).ok) forget({ lesson }, beat);
    }
  }
}

// Lessons kept on this device: their pages, sound and pictures lie in a cache that the service worker
// (js/worker.js) answers from; what is kept, and for whom, stands in localStorage ("offline", "owner").
const CACHE = "kept";

export const canKeep = "serviceWorker" in navigator && "caches" in window;
/** [{ lesson, url, title, course, files, bytes, until, shell, at }] */
export const lessons = (kept) => kept.get("offline") ?? [];
/** 590864 → 0.6 MB */
export function size(bytes) {
  const [unit, one] = bytes < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  return `${(bytes / one).toFixed(bytes / one < 10 ? 1 : 0)} ${unit}`;
}

const bundle = () => document.querySelector("script[type=module]").src;
const set = (kept, list) => {
  kept.set("offline", list.length ? list : null);
  document.dispatchEvent(new Event("rz:kept"));
};

/** Who is signed in, and which lessons they may keep. Rejects without a network. */
export async function ask(check, ids) {
  const answer = await fetch(`${check}?lessons=${ids.join()}`);
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
}

/** A lesson's page as it is kept: with a token that is good for longer. */
async function pageOf(url, leave, learner) {
  const answer = await fetch(url);
  if (!answer.ok || answer.redirected) throw new Error(answer.status);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const lesson = page.querySelector("rz-lesson");
  Object.assign(lesson.dataset, { token: leave.token, dayEnds: leave.day_ends, learner });
  const pictures = [...page.querySelectorAll("article.prose img")].filter((picture) => !picture.closest(".lesson-end")).map((picture) => picture.getAttribute("src"));
  const files = [...new Set([lesson.dataset.media, lesson.dataset.cover, ...pictures])].filter(Boolean);
  const headers = { "Content-Type": "text/html; charset=utf-8", "X-Kept-Until": leave.until };
  const policy = answer.headers.get("Content-Security-Policy");
  if (policy) headers["Content-Security-Policy"] = policy;
  return { files, body: new Blob([`<!doctype html>${page.documentElement.outerHTML}`]), headers };
}

/** A whole file; `tell` hears which share of it has come. */
async function download(url, tell) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(answer.status);
  const size = +answer.headers.get("Content-Length");
  const parts = [];
  let come = 0;
  for (const reader = answer.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    come += value.length;
    if (size) tell(Math.min(come / size, 1));
  }
  return new Blob(parts, { type: answer.headers.get("Content-Type") });
}

/** Keeps a lesson; `tell` hears from 0 to 1. Rejects when it may not be kept, or there is no room. */
export async function keep(kept, check, { lesson, url, title, course }, tell) {
  const told = await ask(check, [lesson]);
  const leave = told.lessons[lesson];
  if (!leave) throw new Error("not open");
  await navigator.serviceWorker.register("/sw.js");
  const page = await pageOf(url, leave, told.learner);
  let bytes;
  try {
    bytes = await put(url, page, leave, tell);
  } catch (failure) {
    await drop(lessons(kept), page.files);
    throw failure;
  }
  await navigator.serviceWorker.ready;
  navigator.storage?.persist?.();
  kept.set("owner", { learner: told.learner, check });
  const entry = { lesson, url, title, course, files: page.files, bytes, until: leave.until, shell: bundle(), at: Date.now() };
  set(kept, [...lessons(kept).filter((each) => each.lesson !== lesson), entry]);
}

/** A page once all its files are there; what is there already is not fetched anew. Gives their bytes. */
async function put(url, { files, body, headers }, leave, tell) {
  const cache = await caches.open(CACHE);
  let bytes = body.size;
  for (const file of files) {
    const old = await cache.match(file, { ignoreVary: true });
    const whole = old ? await old.blob() : await download(file, file === files[0] ? tell : () => {});
    bytes += whole.size;
    await cache.put(file, new Response(whole, { headers: { "Content-Type": whole.type, "X-Kept-Until": leave.until } }));
  }
  await cache.put(url, new Response(body, { headers }));
  return bytes;
}

/** Deletes files that none of `staying` needs. */
async function drop(staying, files) {
  const cache = await caches.open(CACHE);
  const needed = new Set(staying.flatMap((each) => each.files));
  await Promise.all(files.filter((file) => !needed.has(file)).map((file) => cache.delete(file, { ignoreVary: true })));
}

export async function remove(kept, lesson) {
  const gone = lessons(kept).find((each) => each.lesson === lesson);
  const staying = lessons(kept).filter((each) => each.lesson !== lesson);
  set(kept, staying);
  if (gone) await drop(staying, [gone.url, ...gone.files]);
}

/** Those of the list whose pages are there: signing out without a network takes the pages first. */
export async function there(kept) {
  const cache = await caches.open(CACHE);
  const found = await Promise.all(lessons(kept).map(async (each) => (await cache.match(each.url, { ignoreVary: true })) && each));
  return found.filter((each) => each && each.until > Date.now());
}

/** All that could be read of a learner on this device. */
export async function purge(kept) {
  await caches.delete(CACHE);
  for (const name of ["queue", "owner"]) kept.set(name, null);
  set(kept, []);
}

/** A lesson's page and what it needs, as they are now; nothing of one that was taken away meanwhile. */
async function renew(kept, entry, leave, learner) {
  const page = await pageOf(entry.url, leave, learner);
  const bytes = await put(entry.url, page, leave, () => {});
  set(kept, lessons(kept).map((each) => (each.lesson === entry.lesson ? { ...each, files: page.files, bytes, until: leave.until, shell: bundle(), at: Date.now() } : each)));
  const isThere = lessons(kept).some((each) => each.lesson === entry.lesson);
  await drop(lessons(kept), isThere ? entry.files : [entry.url, ...page.files]);
}

/** With a network: what is no longer open goes, what stays gets a fresh page and token once a day, or
 * when the shell has changed. */
export async function check(kept) {
  const { learner, check: address } = kept.get("owner");
  const list = lessons(kept);
  const told = await ask(address, list.map((each) => each.lesson));
  if (told.learner !== learner) { await purge(kept); return; }
  for (const entry of list) {
    const leave = told.lessons[entry.lesson];
    if (!leave) { await remove(kept, entry.lesson); continue; }
    if (entry.shell === bundle() && Date.now() - entry.at < 86_400_000) continue;
    await renew(kept, entry, leave, learner).catch(() => {}); // as it lies here, until another time
  }
  if (list.length) (await navigator.serviceWorker.register("/sw.js")).active?.postMessage("tidy");
}

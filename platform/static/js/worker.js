// The service worker: what the shell needs and what a learner keeps is there without a network. It is
// sent by pages/shell_files.py, which sets `SHELL` before this: { version, files, offline, signOut }.
const KEPT = "kept";
const PATIENCE = 4000; // milliseconds a kept page waits for the network
const shell = `shell-${SHELL.version}`;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(shell).then((cache) => cache.addAll([...SHELL.files, new Request(SHELL.offline, { credentials: "omit" })])).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// Pages that are kept name the files of an older shell until they are fetched anew: then the page says so.
self.addEventListener("message", ({ data }) => {
  if (data === "tidy") caches.keys().then((names) => names.filter((name) => name.startsWith("shell-") && name !== shell).forEach((name) => caches.delete(name)));
});

const isOurs = ({ origin }) => origin === self.location.origin;

/** What is kept at an address, unless its time is over: then it goes. */
async function kept(address) {
  const cache = await caches.open(KEPT);
  const found = await cache.match(address, { ignoreVary: true });
  if (!found || Date.now() < +found.headers.get("X-Kept-Until")) return found;
  await cache.delete(address, { ignoreVary: true });
  return undefined;
}

/** A part of a whole answer, as players ask for it: RFC 9110, section 14. */
async function part(whole, header) {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!asked || !(asked[1] || asked[2])) return whole;
  const blob = await whole.blob();
  const start = asked[1] ? +asked[1] : Math.max(0, blob.size - asked[2]);
  const end = asked[1] && asked[2] ? Math.min(+asked[2], blob.size - 1) : blob.size - 1;
  if (start > end) return new Response(null, { status: 416, headers: { "Content-Range": `bytes */${blob.size}` } });
  const headers = { "Content-Type": whole.headers.get("Content-Type"), "Content-Range": `bytes ${start}-${end}/${blob.size}`, "Content-Length": end - start + 1, "Accept-Ranges": "bytes" };
  return new Response(blob.slice(start, end + 1), { status: 206, headers });
}

async function media(request) {
  const whole = await kept(request.url);
  return whole ? part(whole, request.headers.get("Range")) : fetch(request);
}

async function page(request) {
  const ours = await kept(request.url.split("#")[0]);
  try {
    const answer = fetch(request);
    if (!ours) return await answer;
    const late = new Promise((_, fail) => setTimeout(fail, PATIENCE));
    return await Promise.race([answer, late]);
  } catch (failure) {
    if (ours) return ours;
    const instead = request.mode === "navigate" && await caches.match(SHELL.offline, { ignoreVary: true });
    if (instead) return instead;
    throw failure;
  }
}

/** Nothing readable stays behind. */
async function signOut(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok || answer.type === "opaqueredirect") await caches.delete(KEPT);
    return answer;
  } catch (failure) {
    await caches.delete(KEPT); // the server hears of it another time; what lay here is gone now
    const instead = await caches.match(SHELL.offline, { ignoreVary: true });
    if (instead) return instead;
    throw failure;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const answer = (how) => event.respondWith(how);
  if (request.method === "POST" && isOurs(url) && url.pathname === SHELL.signOut) answer(signOut(request));
  if (request.method !== "GET") return;
  if (["script", "style"].includes(request.destination)) answer(fetch(request).catch((failure) => elsewhere(request, failure)));
  else if (!isOurs(url)) return;
  else if (url.pathname.startsWith(SHELL.media)) answer(media(request));
  else if (request.mode === "navigate" || ["HX-Request", "X-Page"].some((name) => request.headers.get(name))) answer(page(request));
  else if (request.destination === "image") answer(fetch(request).catch((failure) => elsewhere(request, failure)));
});

/** Of the shell, this one or an older that a kept page still names, or a cover. */
async function elsewhere(request, failure) {
  const found = await caches.match(request, { ignoreVary: true });
  if (found) return found;
  throw failure;
}

// A lesson's film: it goes on where one was, counts as the sound does, and only one of the two plays.
// Loaded where there is one.

export function watch(lesson, player, { count, moved, resumeAt }) {
  const { video, data } = lesson;
  const begin = () => { video.currentTime = resumeAt(data); };
  if (video.readyState) begin();
  else video.addEventListener("loadedmetadata", begin, { once: true });
  count(video, () => data);
  video.addEventListener("seeked", () => { if (video.paused) moved(data, video.currentTime); });
  video.addEventListener("timeupdate", () => lesson.follow());
  video.addEventListener("play", () => player.audio.pause());
  player.audio.addEventListener("play", () => video.pause(), { signal: lesson.gone.signal });
}

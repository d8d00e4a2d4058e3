// Lock screens, headphones, watches: what plays, and their buttons.
const PLACES = ["loadedmetadata", "seeked", "ratechange", "play"];

export class System {
  constructor(player, following) {
    const { mediaSession } = navigator;
    if (!mediaSession) return;
    const by = (how) => how.seekOffset ?? player.step;
    const at = () => player.startAt || player.audio.currentTime; // whatever page is open
    const go = (to) => { if (player.track) player.seek(to, player.track); };
    const acts = {
      play: () => player.play(player.track),
      pause: () => player.audio.pause(),
      stop: () => player.audio.pause(),
      seekbackward: (how) => go(at() - by(how)),
      seekforward: (how) => go(at() + by(how)),
      seekto: (how) => go(how.seekTime),
      nexttrack: () => following.skip(),
      previoustrack: () => go(0),
    };
    for (const [name, act] of Object.entries(acts)) {
      try { mediaSession.setActionHandler(name, act); } catch { /* not known to this browser */ }
    }
    const describe = () => {
      const { title, course, instructor, cover } = player.track;
      mediaSession.metadata = new MediaMetadata({ title, album: course, artist: instructor, artwork: cover ? [{ src: cover }] : [] });
    };
    const place = () => {
      const { duration, playbackRate, currentTime } = player.audio;
      if (Number.isFinite(duration)) mediaSession.setPositionState?.({ duration, playbackRate, position: Math.min(currentTime, duration) });
    };
    player.addEventListener("track", describe);
    for (const name of PLACES) player.audio.addEventListener(name, place);
    if (player.track) { describe(); place(); } // it began while this was on its way
  }
}

// What only a sound needs: it comes with the first one, or with the first sheet that is opened.
import { Again } from "./again.js";
import { Following } from "./following.js";
import { Markers } from "./markers.js";
import { Queue } from "./queue.js";
import { Settings } from "./settings.js";
import { Sleep } from "./sleep.js";
import { Speed } from "./speed.js";
import { System } from "./system.js";

/** The parts of a player; `kept` is the bundle's. */
export function begin(player, kept) {
  const following = new Following(player);
  const queue = following.queue = new Queue(player, kept);
  const speed = new Speed(player);
  const settings = new Settings(player, kept, speed);
  const sleep = new Sleep(player, following);
  new System(player, following);
  new Markers(player);
  const tap = (button) => {
    settings.tap(button);
    if (button.dataset.sleep) sleep.set(button.dataset.sleep);
  };
  return { again: new Again(player, sleep), queue, settings, tap };
}

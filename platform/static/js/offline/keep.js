// <rz-keep>: keeps the lesson of its page on this device, or takes it away. <rz-keep all>: all lessons
// that a course's page lists.
import { canKeep, keep, lessons, size, remove } from "./store.js";

export function begin(host, kept) {
  if (!canKeep) return;
  const [put, out] = host.querySelectorAll("button");
  const output = host.querySelector("output");
  const say = (name, value = "") => host.dataset[`say${name}`].replace("{}", value);
  const wanted = () => (host.hasAttribute("all")
    ? [...document.querySelectorAll("#main [data-queue][data-lesson]")].map(({ dataset }) => ({ ...dataset }))
    : [{ ...host.dataset }]);
  const show = () => {
    const here = wanted();
    const there = lessons(kept).filter((each) => here.some(({ lesson }) => lesson === each.lesson));
    const isWhole = here.length > 0 && there.length === here.length;
    host.hidden = !here.length;
    put.hidden = isWhole;
    out.hidden = !isWhole;
    output.textContent = isWhole ? say("Kept", size(there.reduce((sum, { bytes }) => sum + bytes, 0))) : "";
  };
  put.onclick = async () => {
    const here = wanted().filter(({ lesson }) => !lessons(kept).some((each) => each.lesson === lesson));
    put.disabled = true;
    try {
      for (const [number, lesson] of here.entries()) {
        const tell = (part) => { output.textContent = say("Keeping", `${Math.floor(100 * (number + part) / here.length)} %`); };
        tell(0);
        await keep(kept, host.dataset.check, lesson, tell);
      }
      show();
    } catch (failure) {
      show();
      output.textContent = say(failure.name === "QuotaExceededError" ? "Full" : "Failed");
    } finally { put.disabled = false; }
  };
  out.onclick = async () => {
    for (const { lesson } of wanted()) await remove(kept, lesson);
    show();
    put.focus();
  };
  show();
}

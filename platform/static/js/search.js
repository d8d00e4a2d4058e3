// The arrows go from the search field through what is suggested below it, and round; Escape shuts it.
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form.search-field");
  if (!form) return;
  const list = form.querySelector(".search-suggestions");
  const stops = [form.elements.q, ...list.querySelectorAll("a")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const at = stops.indexOf(event.target);
  if (event.key === "Escape" && stops.length > 1) { list.replaceChildren(); stops[0].focus(); }
  else if (step && at >= 0 && stops.length > 1) stops.at((at + step) % stops.length).focus();
  else return;
  event.preventDefault();
});

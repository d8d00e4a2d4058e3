// The arrows go from the search field through what is suggested below it, and round.
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.(".search-field");
  if (!form) return;
  const stops = [form.elements.q, ...form.querySelectorAll(".search-suggestions a")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const at = stops.indexOf(event.target);
  if (event.key === "Escape" && at > 0) stops[0].focus();
  else if (step && at >= 0 && stops.length > 1) stops.at((at + step) % stops.length).focus();
  else return;
  event.preventDefault();
});

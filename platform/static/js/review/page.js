// Reviewing by keys: space shows the answer, 1 to 4 say how it was.
const FIELDS = "input, textarea, select, dialog, [contenteditable]";

export function begin(host, kept) {
  if (kept.get("keys") === false) return; // the learner wants no keys, see the player
  const gone = new AbortController();
  const answer = host.querySelector("details");
  host.querySelector(".review-keys").hidden = false;
  document.addEventListener("keydown", (event) => {
    if (!host.isConnected) { gone.abort(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest(FIELDS)) return;
    if (event.key === " ") {
      if (answer.open || event.target.closest("button, a, summary")) return;
      answer.open = true;
    } else {
      const button = answer.open && host.querySelector(`[name=rating][value="${CSS.escape(event.key)}"]`);
      if (!button) return;
      button.click();
      gone.abort(); // once is enough
    }
    event.preventDefault(); // the player hears them, too
  }, { signal: gone.signal, capture: true });
}

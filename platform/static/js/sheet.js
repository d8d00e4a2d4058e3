// <dialog class="sheet" id="x"> is opened by data-sheet="x"; data-close closes a sheet or a toast.
document.addEventListener("click", (event) => {
  const { target } = event;
  document.getElementById(target.closest("[data-sheet]")?.dataset.sheet)?.showModal();
  const closed = target.closest("[data-close]")?.closest("dialog, .toast");
  if (closed?.close) closed.close();
  else closed?.remove();
  if (target.matches("dialog.sheet")) {
    const { top, right, bottom, left } = target.getBoundingClientRect();
    const { clientX: x, clientY: y } = event;
    if (x < left || x > right || y < top || y > bottom) target.close();
  }
});

/** Says one of the shell's own sentences (<template id="say-…">). */
export function toast(name) {
  const messages = document.getElementById("messages");
  messages.replaceChildren(document.getElementById(`say-${name}`).content.cloneNode(true));
}

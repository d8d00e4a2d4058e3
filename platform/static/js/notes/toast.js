// What the shell says in passing; its own sentences stand in <template id="say-…">.
const show = (template) => {
  const messages = document.getElementById("messages");
  messages.replaceChildren(template.content.cloneNode(true));
  return messages.firstElementChild;
};

export const say = (name) => show(document.getElementById(`say-${name}`));

export const wordsOf = (name) => document.getElementById(`say-${name}`).content.textContent.trim();

/** A toast of `template` whose button undoes; then it goes. */
export function offerUndo(template, undo) {
  const toast = show(template);
  toast.querySelector("[data-undo]").onclick = () => { toast.remove(); undo(); };
}

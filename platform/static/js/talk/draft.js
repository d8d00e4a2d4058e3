// What is half written outlives whatever takes its form off the page: another tab of the list, another
// page of the site and, where the session has ended, the way over the log-in.
const drafts = new Map(); // by the form's address

const nameOf = (form) => `rz:draft:${form.getAttribute("action")}`;

function isBegun({ elements: { key, text, quote, at } }) {
  if (!key) return text.value !== text.defaultValue; // changes what was said before
  return [text, quote, at].some((field) => field?.value.trim());
}

function read(form) {
  const fields = Object.fromEntries(new FormData(form));
  delete fields.csrfmiddlewaretoken;
  delete fields.next;
  return { who: form.dataset.who, isOpen: Boolean(form.closest("details[open]")), fields };
}

export function keep(form) {
  if (isBegun(form)) drafts.set(nameOf(form), read(form));
  else forget(form);
}

export function forget(form) {
  drafts.delete(nameOf(form));
  try { sessionStorage.removeItem(nameOf(form)); } catch { /* forbidden */ }
}

/** Also where the site is loaded anew: for a log-in, or because the network was down. */
export function keepOver(form) {
  if (!isBegun(form)) return;
  try { sessionStorage.setItem(nameOf(form), JSON.stringify(read(form))); } catch { /* full or forbidden */ }
}

/** Once, and for who wrote it. */
export function restore(form) {
  const draft = drafts.get(nameOf(form)) ?? takenOver(nameOf(form));
  forget(form);
  if (!draft || draft.who !== form.dataset.who) return;
  for (const [name, value] of Object.entries(draft.fields)) if (form.elements[name]) form.elements[name].value = value;
  const fold = form.closest("details");
  if (fold) fold.open = draft.isOpen;
}

function takenOver(name) {
  try {
    const found = JSON.parse(sessionStorage.getItem(name));
    sessionStorage.removeItem(name);
    return found;
  } catch { return null; }
}

// Words in the text of a lesson: all that are found are marked, one after the other is shown.
const box = () => document.querySelector(".find");
const plain = (text) => text.normalize("NFKC").toLowerCase();

/** Where `words` stand, block by block; they may run over marks and links. */
function rangesOf(root, words) {
  const wanted = plain(words);
  const found = [];
  for (const block of root.querySelectorAll("p, li, h2, h3, td, th, blockquote, figcaption, pre")) {
    if (block.closest(".lesson-end, nav") || block.querySelector("p, li")) continue;
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    let text = "";
    const at = [];
    while (walker.nextNode()) {
      const node = walker.currentNode;
      let offset = 0;
      for (const character of node.data) {
        const form = plain(character); // may be longer
        text += form;
        for (let part = 0; part < form.length; part += 1) at.push([node, offset, offset + character.length]);
        offset += character.length;
      }
    }
    for (let from = text.indexOf(wanted); from >= 0; from = text.indexOf(wanted, from + wanted.length)) {
      const range = new Range();
      const [first, start] = at[from];
      const [last, , end] = at[from + wanted.length - 1];
      range.setStart(first, start);
      range.setEnd(last, end);
      found.push(range);
    }
  }
  return found;
}

function paint(name, ranges) {
  if (!CSS.highlights) return; // an older browser scrolls there all the same
  if (ranges.length) CSS.highlights.set(name, new Highlight(...ranges));
  else CSS.highlights.delete(name);
}

/** Opens the field above a lesson. */
export function find(lesson) {
  const field = box();
  field.hidden = false;
  field.querySelector("input").select();
  field.querySelector("input").focus();
  if (field.dataset.ready) return;
  field.dataset.ready = "yes";
  const input = field.querySelector("input");
  const output = field.querySelector("output");
  let found = [];
  let place = -1;

  const show = (step) => {
    if (found.length) place = (place + step + found.length) % found.length;
    const range = found[place];
    paint("found", found);
    paint("found-here", range ? [range] : []);
    output.textContent = !input.value.trim() ? "" : range ? `${place + 1}/${found.length}` : output.dataset.none;
    if (!range) return;
    lesson.isFollowing = false;
    lesson.follow();
    range.startContainer.parentElement.scrollIntoView({ block: "center" });
  };
  const look = () => {
    found = input.value.trim() ? rangesOf(lesson, input.value.trim()) : [];
    place = -1;
    show(1);
  };
  const close = () => {
    field.hidden = true;
    found = [];
    place = -1;
    show(0);
    document.querySelector("[data-find]").focus();
  };
  input.addEventListener("input", (event) => { if (!event.isComposing) look(); });
  input.addEventListener("compositionend", look);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") { event.preventDefault(); show(event.shiftKey ? -1 : 1); }
    if (event.key === "Escape") close();
  });
  field.addEventListener("click", ({ target }) => {
    const to = target.closest("[data-to]")?.dataset.to;
    if (to === "0") close();
    else if (to) show(+to);
  });
  lesson.gone.signal.addEventListener("abort", () => { paint("found", []); paint("found-here", []); });
  if (input.value) look();
}

// The text of a lesson or an article without its white space, from the page and back to it.
import { AROUND } from "./anchors.js";

// What courses/plain_text.py leaves out too: heads, labels, what is for sale.
const NOT_TEXT = ".lesson-head, .lesson-end, .lesson-listen, .lesson-tools, .article-subjects, .ponder-label, .product-card, video, audio";
const BLOCKS = "p, li, h2, h3, td, th, blockquote, pre, figcaption";

/** `text`, and of each text node where it begins there and its characters' own places. */
export function read(root) {
  const nodes = [];
  let text = "";
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) => {
    if (node.nodeType === Node.TEXT_NODE) return NodeFilter.FILTER_ACCEPT;
    return node.matches(NOT_TEXT) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP;
  });
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const places = [];
    for (let i = 0; i < node.data.length; i += 1) if (/\S/.test(node.data[i])) places.push(i);
    if (places.length) nodes.push({ node, at: text.length, places });
    text += node.data.replace(/\s+/g, "");
  }
  return { text, nodes };
}

/** What is selected, as it is kept; null where that is nothing of the text. */
export function passage(root, range) {
  const { text, nodes } = read(root);
  let [quote, from, to, block, first] = ["", null, null, null, null];
  for (const { node, at, places } of nodes) {
    if (!range.intersectsNode(node)) continue;
    const begin = node === range.startContainer ? range.startOffset : 0;
    const end = node === range.endContainer ? range.endOffset : node.data.length;
    const inside = places.filter((place) => place >= begin && place < end);
    if (!inside.length) continue;
    from ??= at + places.indexOf(inside[0]);
    to = at + places.indexOf(inside.at(-1)) + 1;
    first ??= node;
    const here = node.parentElement.closest(BLOCKS);
    if (quote && here !== block) quote = `${quote.trimEnd()}\n`;
    quote += node.data.slice(begin, end);
    block = here;
  }
  if (from === null) return null;
  const start = first.parentElement.closest(".sentence[data-start]")?.dataset.start ?? "";
  const [prefix, suffix] = [text.slice(Math.max(0, from - AROUND), from), text.slice(to, to + AROUND)];
  return { quote: quote.trim(), prefix, suffix, start };
}

/** Wraps a stretch of the squeezed text; gives the marks, one for each text node. */
export function mark(root, [from, to], note) {
  const marks = [];
  for (const { node, at, places } of read(root).nodes) {
    const [begin, end] = [Math.max(from - at, 0), Math.min(to - at, places.length)];
    if (begin >= end) continue;
    const range = document.createRange();
    range.setStart(node, places[begin]);
    range.setEnd(node, places[end - 1] + 1);
    const element = document.createElement("mark");
    element.className = `note-mark${note.thought ? " has-thought" : ""}`;
    Object.assign(element.dataset, { note: note.key, colour: note.colour });
    range.surroundContents(element);
    marks.push(element);
  }
  return marks;
}

export function unmark(root) {
  for (const element of root.querySelectorAll("mark.note-mark")) {
    const { parentNode } = element;
    element.replaceWith(...element.childNodes);
    parentNode.normalize();
  }
}

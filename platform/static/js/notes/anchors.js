// Where a marked passage stands in a text that may have changed since: learning/anchors.py, where
// the same is explained, does so on the server. Texts come without their white space.
const TOLERATED = 5;
const MOST_DIFFERING = 24;
export const AROUND = 32; // characters kept on each side

export const squeezed = (text) => text.replace(/\s+/g, "");

/** [from, to] in the squeezed text, or null. */
export function find(text, note) {
  const [quote, prefix, suffix] = [note.quote, note.prefix, note.suffix].map(squeezed);
  if (!quote) return null;
  let places = [];
  for (let at = text.indexOf(quote); at >= 0; at = text.indexOf(quote, at + 1)) places.push([at, at + quote.length]);
  if (!places.length) places = near(text, quote);
  const alike = ([from, to]) =>
    common(backwards(text.slice(Math.max(0, from - AROUND), from)), backwards(prefix))
    + common(text.slice(to, to + AROUND), suffix);
  let [best, most] = [null, -1];
  for (const place of places) {
    const score = alike(place);
    if (score > most) [best, most] = [place, score];
  }
  return best;
}

const backwards = (text) => text.split("").reverse().join("");

function common(one, other) {
  let number = 0;
  while (number < one.length && number < other.length && one[number] === other[number]) number += 1;
  return number;
}

function near(text, quote) {
  const most = Math.min(Math.floor(quote.length / TOLERATED), MOST_DIFFERING);
  if (!most) return [];
  const [ends, errors] = least(text, quote, most);
  return ends.map((end) => {
    const first = Math.max(0, end - quote.length - errors);
    const [lengths] = least(backwards(text.slice(first, end)), backwards(quote), errors);
    const by = (length) => Math.abs(length - quote.length);
    return [end - lengths.reduce((best, length) => (by(length) < by(best) ? length : best)), end];
  });
}

/** Where something ends that comes nearest to the pattern, and by how much it differs. */
function least(text, pattern, tolerated) {
  const length = BigInt(pattern.length);
  const whole = (1n << length) - 1n;
  const last = 1n << (length - 1n);
  const bits = new Map();
  for (let i = 0; i < pattern.length; i += 1) bits.set(pattern[i], (bits.get(pattern[i]) ?? 0n) | (1n << BigInt(i)));
  let [plus, minus, score, most, ends] = [whole, 0n, pattern.length, tolerated, []];
  for (let i = 0; i < text.length; i += 1) {
    let same = bits.get(text[i]) ?? 0n;
    const across = (((same & plus) + plus) ^ plus) | same;
    let up = minus | (~(across | plus) & whole);
    let down = plus & across;
    score += (up & last ? 1 : 0) - (down & last ? 1 : 0);
    same |= minus;
    up = (up << 1n) & whole;
    down = (down << 1n) & whole;
    plus = down | (~(same | up) & whole);
    minus = up & same;
    if (score < most) [most, ends] = [score, [i + 1]];
    else if (score === most) ends.push(i + 1);
  }
  return [ends, most];
}

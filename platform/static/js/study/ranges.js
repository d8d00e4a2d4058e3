// Pure: what was really heard, as sorted, disjoint [from, to] in seconds of content.

const cents = (seconds) => Math.round(seconds * 100) / 100;

/** `ranges` with [from, to] added; those that touch (within .3 s) become one. */
export function add(ranges, from, to) {
  const result = [];
  let added = [cents(from), cents(to)];
  for (const range of ranges) {
    if (range[1] + 0.3 < added[0]) result.push(range);
    else if (range[0] - 0.3 > added[1]) { result.push(added); added = range; }
    else added = [Math.min(range[0], added[0]), Math.max(range[1], added[1])];
  }
  return [...result, added];
}

/** Seconds in all the ranges. */
export function total(ranges) {
  return cents(ranges.reduce((sum, [from, to]) => sum + to - from, 0));
}

/** Whether going from one position to another in `wall` seconds at `rate` was playing: no jump,
    not backwards. Players report late and round, hence the slack. */
export function isPlayed(from, to, wall, rate) {
  return to > from && to - from <= wall * rate * 1.1 + 0.5;
}

/** The share (0 to 1) of a text that has come past the lower edge of the window. */
export function shareRead(top, bottom, height) {
  return bottom <= top ? 0 : Math.round(Math.max(0, Math.min(1, (height - top) / (bottom - top))) * 1000) / 1000;
}

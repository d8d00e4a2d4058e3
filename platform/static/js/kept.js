// localStorage where it may be used; a browser that refuses it only forgets.
export const kept = {
  get(name) {
    try { return JSON.parse(localStorage.getItem(`rz:${name}`)); } catch { return null; }
  },
  set(name, value) {
    try {
      if (value === null) localStorage.removeItem(`rz:${name}`);
      else localStorage.setItem(`rz:${name}`, JSON.stringify(value));
    } catch { /* full or forbidden */ }
  },
  /** The names that begin with `prefix`, without it. */
  names(prefix) {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(`rz:${prefix}`))
        .map((key) => key.slice(3 + prefix.length));
    } catch { return []; }
  },
};

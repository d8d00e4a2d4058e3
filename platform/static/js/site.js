// Loaded by every page, once, as js/bundle.js (pages/static_files.py): navigation swaps #main
// only, so these live on.
import "./shell.js";
import "./sheet.js";
import "./reader.js";
import "./player.js";
import "./lesson.js";
import "./search.js";
import "./reveal.js";
import "./lazy.js";

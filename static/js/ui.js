// The entry of every page: one import per behaviour.
import "./dialogs.js";
import "./keyboard.js";
import "./copy.js";
import "./parts.js";
import "./poll.js";
import "./notes.js";
import "./print.js";
import "./selection.js";
import "./typeahead.js";
import "./upload.js";

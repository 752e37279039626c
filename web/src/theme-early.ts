// Runs before the first paint, so that a remembered theme does not flash.
import { applyTheme, chosenTheme } from "./theme.js";

applyTheme(chosenTheme());

// A browser takes long to write its first number (some 30 ms on a laptop). It may do so now,
// while the page waits for the network.
setTimeout(() => new Intl.NumberFormat(navigator.languages[0]).format(0));

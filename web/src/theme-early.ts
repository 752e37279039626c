// Runs before the first paint, so that a remembered theme does not flash.
import { applyTheme, chosenTheme } from "./theme.js";

applyTheme(chosenTheme());

// The first number that a browser writes takes it 30 ms or more. It may do that now, while
// the page waits for the network.
setTimeout(() => new Intl.NumberFormat(navigator.languages[0]).format(0));

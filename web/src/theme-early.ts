// Runs before the first paint, so that a remembered theme does not flash.
import { applyTheme, chosenTheme } from "./theme.js";

applyTheme(chosenTheme());

// The rules on sizes, and the client's own: no HTML is made from text, and nothing is left on the
// console. All languages have all strings (the compiler sees to their types).
import { tidy } from "../../sdk/scripts/rules.mjs";

const HTML = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser/;

tidy(new URL("..", import.meta.url), (path, text) => [
  ...(/\bconsole\.\w/.test(text) ? [`${path}: console output`] : []),
  ...(HTML.test(text) ? [`${path}: HTML from text`] : []),
]);

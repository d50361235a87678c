// Texts that are one paragraph whatever Markdown says, as most are: reading them costs nothing.

/** Begins a list. */
const ITEM = /^\d+[.)]/;
/** Begins with a letter or digit, and has no sign that Markdown or a link gives a meaning. */
const WORDS = /^[\p{L}\p{N}][^\r\n\t\0*_`~<>[\]|\\&@]*$/u;
const LINK = /:\/\/|www\./i;

/** Whether a text is a paragraph of words. */
export function isParagraph(text: string): boolean {
  return WORDS.test(text) && !ITEM.test(text) && !LINK.test(text) && text.trimEnd() === text;
}

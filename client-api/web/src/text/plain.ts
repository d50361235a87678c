/** How much of a text is looked at. */
const LOOKED_AT = 500;

/** A text in one line, without the usual signs of Markdown, for where it is only hinted at. */
export function plainLine(text: string): string {
  return text.slice(0, LOOKED_AT)
    .replace(/^\s*(?:```\w*|>+|#{1,6}|[-*+]) ?/gm, "")
    // The line below a table's head, and what stands between its cells.
    .replace(/^\s*\|[\s|:-]+$/gm, "")
    .replace(/^\s*\|.*$/gm, (row) => row.replaceAll("|", " "))
    .replace(/(\*\*|~~|`{1,3})/g, "")
    .replace(/\s+/g, " ").trim();
}

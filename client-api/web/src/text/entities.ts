// Named character references of Markdown: those that people write. All others stay as they are.
const NAMES: Record<string, string> = {
  amp: "&", apos: "'", bull: "•", cent: "¢", copy: "©", deg: "°", divide: "÷", euro: "€",
  gt: ">", hellip: "…", laquo: "«", larr: "←", ldquo: "“", lsquo: "‘", lt: "<", mdash: "—",
  middot: "·", nbsp: "\u00a0", ndash: "–", para: "¶", plusmn: "±", pound: "£", quot: "\"",
  raquo: "»", rarr: "→", rdquo: "”", reg: "®", rsquo: "’", sect: "§", times: "×", trade: "™",
  yen: "¥",
};

/** The character of a name, or `false`. */
export function decodeNamedCharacterReference(name: string): string | false {
  return Object.hasOwn(NAMES, name) ? (NAMES[name] as string) : false;
}

// Accounts are written `name@domain`.

export function domainOf(account: string): string {
  return account.slice(account.lastIndexOf("@") + 1);
}

export function nameOf(account: string): string {
  const at = account.lastIndexOf("@");
  return at < 0 ? account : account.slice(0, at);
}

/** The account that was typed: a bare name is of the own organisation. */
export function typedAccount(text: string, ownDomain: string): string {
  const clean = text.trim().replace(/^@/, "");
  return clean.includes("@") ? clean : `${clean}@${ownDomain}`;
}

/** The alias of a group that was typed, without its `#`; a bare name is of the own organisation. */
export function typedAlias(text: string, ownDomain: string): string {
  return typedAccount(text.trim().replace(/^#/, ""), ownDomain).toLowerCase();
}

/** One or two letters for who has no picture. */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const first = [...(words[0] ?? "?")][0] ?? "?";
  const second = words.length > 1 ? [...(words.at(-1) ?? "")][0] ?? "" : "";
  return (first + second).toLocaleUpperCase();
}

/** One of twelve hues, the same for an account everywhere. */
export function hueOf(text: string): number {
  let hash = 7;
  for (const each of text) hash = (hash * 31 + (each.codePointAt(0) ?? 0)) % 9973;
  return hash % 12;
}

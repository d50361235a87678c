// Passwords that are made here, and given to their user by the admin.

/** Without what looks like something else. 32 of them, so that each byte gives one evenly. */
const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS = 4;
const IN_GROUP = 5;

/** Four groups of five letters: 100 bits. */
export function makePassword(): string {
  const random = crypto.getRandomValues(new Uint8Array(GROUPS * IN_GROUP));
  const letters = [...random].map((byte) => LETTERS[byte % LETTERS.length]);
  return Array.from({ length: GROUPS }, (_, at) => (
    letters.slice(at * IN_GROUP, (at + 1) * IN_GROUP).join("")
  )).join("-");
}

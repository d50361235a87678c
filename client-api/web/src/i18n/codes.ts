// What refusals say. The node and the SDK say it in English; other languages have it by the code.
import { ComityError, type Refusal } from "comity-sdk";
import { catalogue } from "./catalog.js";

const { t } = catalogue({} as Record<string, string>, { ko: () => import("./ko-codes.js") });

/** The sentence of a refusal in the language that is shown, or in its own. */
export function sentenceOf({ code, message }: ComityError | Refusal): string {
  const known = t(code);
  return known === code ? message : known;
}

import type { Translation } from "./catalog.js";
import type { en } from "./en.js";
/** Korean: the strings of the chat. */
const ko: Partial<Translation<typeof en>> = {};
export default ko as Record<string, string>;

// The strings of the admin console.
import { catalogue } from "./catalog.js";
import { enAdmin } from "./en-admin.js";

export const { t: ta, tn: tan, ready } = catalogue(enAdmin, {
  ko: () => import("./ko-admin.js"),
});
export type AdminKey = Parameters<typeof ta>[0];

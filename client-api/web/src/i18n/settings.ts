// The strings of the settings.
import { catalogue } from "./catalog.js";
import { enSettings } from "./en-settings.js";

export const { t: ts, tn: tsn, ready } = catalogue(enSettings, {
  ko: () => import("./ko-settings.js"),
});
export type SettingsKey = Parameters<typeof ts>[0];

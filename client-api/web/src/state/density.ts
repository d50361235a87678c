// How close together things stand, in this browser.
import { effect, signal } from "@preact/signals";
import { keep, recall } from "./settings.js";

export type Density = "comfortable" | "compact";

export const density = signal<Density>(recall("density") === "compact" ? "compact" : "comfortable");

effect(() => {
  document.documentElement.dataset["density"] = density.value;
  keep("density", density.value === "compact" ? "compact" : null);
});

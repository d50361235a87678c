// Short notices at the edge of the screen.
import { signal } from "@preact/signals";
import { ComityError } from "comity-sdk";
import { sentenceOf } from "../i18n/codes.js";

export interface Toast {
  id: number;
  text: string;
  kind: "info" | "error";
  action?: { label: string; run: () => void };
}

const TOASTS_MAX = 4;
const SHOWN_MS = 6_000;

export const toasts = signal<Toast[]>([]);
let next = 1;

export function toast(text: string, more: Partial<Omit<Toast, "id" | "text">> = {}): void {
  const shown: Toast = { kind: "info", ...more, id: next++, text };
  // The same text takes the place of the one before.
  const others = toasts.value.filter((each) => each.text !== text);
  toasts.value = [...others, shown].slice(-TOASTS_MAX);
  setTimeout(() => dismiss(shown.id), SHOWN_MS);
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id);
}

/** Shows the sentence of a refusal, or of what else went wrong. */
export function failed(error: unknown): void {
  toast(messageOf(error), { kind: "error" });
}

/** The sentence of what was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof ComityError) return sentenceOf(error);
  return error instanceof Error ? error.message : String(error);
}

/** Does it, and shows a toast where it fails; whether it went well. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

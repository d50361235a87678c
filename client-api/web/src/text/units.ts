// Sizes and spans of time in the language that is shown.
import { locale } from "../i18n/index.js";

const BYTES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
const SPANS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]] as const;

/** A size, in the largest unit of which there is one. */
export function formatBytes(bytes: number): string {
  const step = Math.min(
    bytes > 0 ? Math.floor(Math.log10(bytes) / 3) : 0, BYTES.length - 1,
  );
  const unit = BYTES[Math.max(0, step)] ?? "byte";
  const value = bytes / 1_000 ** Math.max(0, step);
  return new Intl.NumberFormat(locale.value, {
    style: "unit", unit, unitDisplay: unit === "byte" ? "long" : "short",
    maximumFractionDigits: value < 10 && unit !== "byte" ? 1 : 0,
  }).format(value);
}

/** A span of time, in its two largest units. */
export function formatSpan(ms: number): string {
  let left = Math.max(0, Math.round(ms / 1_000));
  const parts: string[] = [];
  for (const [unit, size] of SPANS) {
    const value = Math.floor(left / size);
    left -= value * size;
    if (!value && !(unit === "second" && !parts.length)) {
      if (parts.length) break;
      continue;
    }
    parts.push(new Intl.NumberFormat(locale.value, {
      style: "unit", unit, unitDisplay: "short",
    }).format(value));
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** A figure with as many digits as tell something. */
export function formatFigure(value: number): string {
  return new Intl.NumberFormat(locale.value, {
    maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0,
  }).format(value);
}

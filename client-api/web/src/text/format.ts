// Times and numbers in the language that is shown.
import { computed } from "@preact/signals";
import { locale, t } from "../i18n/index.js";
import { nodeNow } from "../state/clock.js";

const DAY_MS = 86_400_000;

const clock = computed(() => new Intl.DateTimeFormat(locale.value, { timeStyle: "short" }));
const weekday = computed(() => new Intl.DateTimeFormat(locale.value, {
  weekday: "long", day: "numeric", month: "long",
}));
const day = computed(() => new Intl.DateTimeFormat(locale.value, { dateStyle: "long" }));
const short = computed(() => new Intl.DateTimeFormat(locale.value, {
  day: "numeric", month: "short",
}));
const full = computed(() => new Intl.DateTimeFormat(locale.value, {
  dateStyle: "full", timeStyle: "short",
}));
const relative = computed(() => new Intl.RelativeTimeFormat(locale.value, { numeric: "auto" }));
const numbers = computed(() => new Intl.NumberFormat(locale.value));

/** A time of day. */
export function formatTime(time: string): string {
  return clock.value.format(new Date(time));
}

/** A day and a time, at full length. */
export function formatFull(time: string): string {
  return full.value.format(new Date(time));
}

export function formatNumber(value: number): string {
  return numbers.value.format(value);
}

/** The day of a separator. */
export function formatDay(time: string, now = new Date(nodeNow())): string {
  const date = new Date(time);
  const days = dayNumber(now) - dayNumber(date);
  if (days === 0) return t("timeline.today");
  if (days === 1) return t("timeline.yesterday");
  return (date.getFullYear() === now.getFullYear() ? weekday : day).value.format(date);
}

/** As short as can be: a time for today, else a date. */
export function formatShort(time: string, now = new Date(nodeNow())): string {
  const date = new Date(time);
  if (dayNumber(now) === dayNumber(date)) return clock.value.format(date);
  return short.value.format(date);
}

/** How long ago, or in how long. */
export function formatRelative(time: string | number, now = nodeNow()): string {
  const seconds = (new Date(time).getTime() - now) / 1_000;
  const units: [Intl.RelativeTimeFormatUnit, number][] = [
    ["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60],
  ];
  const unit = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relative.value.format(Math.round(seconds / unit[1]), unit[0]);
}

/** The same for all times of one local day. */
export function dayNumber(date: Date): number {
  return Math.floor((date.getTime() - date.getTimezoneOffset() * 60_000) / DAY_MS);
}

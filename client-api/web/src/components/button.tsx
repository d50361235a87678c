import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icon.js";

type Base = Omit<JSX.IntrinsicElements["button"], "icon" | "size" | "label">;

/** A button with a text; `primary` is for the one thing that a dialog is about. */
export function Button({ kind = "plain", icon, busy, children, ...rest }: Base & {
  kind?: "plain" | "primary" | "danger" | "quiet";
  icon?: IconName;
  busy?: boolean;
  children?: ComponentChildren;
}) {
  return (
    <button type="button" {...rest} class={`button ${kind} ${rest.class ?? ""}`}
      disabled={rest.disabled || busy} aria-busy={busy || undefined}>
      {busy ? <Spinner /> : icon && <Icon name={icon} size={16} />}
      {children}
    </button>
  );
}

/** A button that is an icon: its label is spoken, and shown as a tip. */
export function IconButton({ icon, label, size = 18, pressed, children, ...rest }: Base & {
  icon: IconName;
  label: string;
  size?: number;
  pressed?: boolean;
  children?: ComponentChildren;
}) {
  return (
    <button type="button" {...rest} class={`icon-button ${rest.class ?? ""}`} aria-label={label}
      title={label} aria-pressed={pressed}>
      <Icon name={icon} size={size} />
      {children}
    </button>
  );
}

export function Spinner() {
  return <span class="spinner" aria-hidden="true" />;
}

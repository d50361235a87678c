import type { ComponentChildren, TargetedEvent } from "preact";
import { useId, useState } from "preact/hooks";
import { t } from "../i18n/index.js";
import { IconButton } from "./button.js";

interface Input {
  label: string;
  hint?: ComponentChildren;
  /** What is wrong with it; stands in the hint's place. */
  error?: string | undefined;
  value: string;
  onInput: (event: TargetedEvent<HTMLInputElement>) => void;
  name?: string;
  placeholder?: string;
  autocomplete?: string;
  autocapitalize?: "none";
  autofocus?: boolean;
  spellcheck?: boolean;
  required?: boolean;
  disabled?: boolean;
  minLength?: number;
  maxLength?: number;
}

type LineType = "text" | "email" | "date" | "time" | "number" | "url";

/** A line of text with its label, a hint, and what is wrong with it. */
export function TextField({ label, hint, error, type = "text", ...rest }: Input & {
  type?: LineType;
}) {
  const id = useId();
  return (
    <Field id={id} label={label} hint={hint} error={error}>
      <input type={type as "text"} {...rest} id={id} aria-describedby={`${id}-hint`}
        aria-invalid={error ? true : undefined} />
    </Field>
  );
}

/** A password, which can be looked at. */
export function PasswordField({ label, hint, error, ...rest }: Input) {
  const id = useId();
  const [isShown, show] = useState(false);
  return (
    <Field id={id} label={label} hint={hint} error={error}>
      <span class="input-with-button">
        <input {...rest} type={(isShown ? "text" : "password") as "text"} id={id}
          aria-describedby={`${id}-hint`} aria-invalid={error ? true : undefined} />
        <IconButton icon={isShown ? "eyeOff" : "eye"} label={t("auth.showPassword")}
          pressed={isShown} onClick={() => show(!isShown)} />
      </span>
    </Field>
  );
}

/** A choice of a few. */
export function SelectField<V extends string>({ label, hint, value, options, onChange, disabled }: {
  label: string;
  hint?: ComponentChildren;
  value: V;
  options: readonly (readonly [value: V, label: string])[];
  onChange: (value: V) => void;
  disabled?: boolean;
}) {
  const id = useId();
  return (
    <Field id={id} label={label} hint={hint} error={undefined}>
      <select id={id} value={value} disabled={disabled} aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.currentTarget.value as V)}>
        {options.map(([each, name]) => <option key={each} value={each}>{name}</option>)}
      </select>
    </Field>
  );
}

/** A switch. */
export function Toggle({ label, hint, checked, onChange, disabled }: {
  label: string;
  hint?: ComponentChildren;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}) {
  const id = useId();
  return (
    <div class="toggle">
      <span class="toggle-text">
        <label for={id}>{label}</label>
        {hint && <small id={`${id}-hint`} class="hint">{hint}</small>}
      </span>
      <input type="checkbox" role="switch" id={id} checked={checked} disabled={disabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.currentTarget.checked)} />
    </div>
  );
}

function Field({ id, label, hint, error, children }: {
  id: string;
  label: string;
  hint: ComponentChildren;
  error: string | undefined;
  children: ComponentChildren;
}) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      <small id={`${id}-hint`} class={error ? "hint error" : "hint"}
        role={error ? "alert" : undefined}>{error ?? hint}</small>
    </div>
  );
}

import { useEffect, useState } from "preact/hooks";
import { Icon } from "../../components/icon.js";

const SETTLED_MS = 200;

/** A field that narrows a list; it tells what was typed once the typing pauses. */
export function FilterField({ label, value, onChange }: {
  label: string; value: string; onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => {
    if (text.trim() === value) return;
    const timer = setTimeout(() => onChange(text.trim()), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="filter-field">
      <Icon name="search" size={16} />
      <input type="search" value={text} placeholder={label} aria-label={label} autocomplete="off"
        spellcheck={false} onInput={(event) => setText(event.currentTarget.value)} />
    </div>
  );
}

// Dialogs are the browser's own: they keep the focus, and Escape closes them.
import type { ComponentChildren } from "preact";
import { signal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../i18n/index.js";
import { Button, IconButton } from "./button.js";

/** A dialog that stands before everything while it is drawn. */
export function Dialog({ title, onClose, children, footer, wide, bare, top }: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  footer?: ComponentChildren;
  wide?: boolean;
  /** Without a visible heading: what is in it says what it is. */
  bare?: boolean;
  /** Stands near the upper edge, so that it does not jump as it grows. */
  top?: boolean;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const kind = `dialog${wide ? " wide" : ""}${top ? " top" : ""}${bare ? " bare" : ""}`;
  return (
    <dialog ref={element} class={kind} aria-labelledby={id} onClose={onClose}
      onCancel={(event) => event.stopPropagation()}
      onPointerDown={(event) => event.target === element.current && onClose()}>
      <div class="dialog-box">
        <header class={bare ? "visually-hidden" : "dialog-head"}>
          <h2 id={id}>{title}</h2>
          {!bare && <IconButton icon="close" label={t("action.close")} onClick={onClose} />}
        </header>
        <div class="dialog-body">{children}</div>
        {footer && <footer class="dialog-foot">{footer}</footer>}
      </div>
    </dialog>
  );
}

/** The dialog that is open; one at a time. */
export const openDialog = signal<(() => ComponentChildren) | null>(null);

export function closeDialog(): void {
  openDialog.value = null;
}

interface Question {
  title: string;
  text: ComponentChildren;
  action: string;
  danger?: boolean;
}

/** Asks before something is done that cannot be undone. */
export function confirm({ title, text, action, danger }: Question): Promise<boolean> {
  return new Promise((resolve) => {
    const answer = (value: boolean) => {
      closeDialog();
      resolve(value);
    };
    openDialog.value = () => (
      <Dialog title={title} onClose={() => answer(false)} footer={<>
        <Button onClick={() => answer(false)}>{t("action.cancel")}</Button>
        <Button kind={danger ? "danger" : "primary"} onClick={() => answer(true)}
          autofocus>{action}</Button>
      </>}>
        <p>{text}</p>
      </Dialog>
    );
  });
}

// Menus and small panels that open beside a button. They close at Escape and at a press outside.
import type { ComponentChildren, RefObject } from "preact";
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Icon, type IconName } from "./icon.js";

const EDGE_PX = 8;

export interface MenuItem {
  label: string;
  icon?: IconName;
  danger?: boolean;
  checked?: boolean;
  run: () => void;
}

interface Popover {
  anchor: DOMRect;
  label: string;
  content: () => ComponentChildren;
  focus: HTMLElement | null;
}

/** What is open beside a button; one at a time. */
export const popover = signal<Popover | null>(null);

/** Opens something beside the element that was pressed. */
export function openPopover(
  at: Element | DOMRect, label: string, content: () => ComponentChildren,
): void {
  const anchor = at instanceof Element ? at.getBoundingClientRect() : at;
  const focus = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  popover.value = { anchor, label, content, focus };
}

export function closePopover(): void {
  const open = popover.peek();
  popover.value = null;
  if (open?.focus?.isConnected) open.focus.focus();
}

/** Opens a menu beside the element that was pressed. */
export function openMenu(at: Element | DOMRect, label: string, items: (MenuItem | null)[]): void {
  openPopover(at, label, () => <Menu label={label} items={items} />);
}

function Menu({ label, items }: { label: string; items: (MenuItem | null)[] }) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => list.current?.querySelector<HTMLElement>("[role^=menuitem]")?.focus(), []);
  const move = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...list.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? []];
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[(at + step + all.length) % all.length]?.focus();
  };
  return (
    <div class="menu" role="menu" aria-label={label} ref={list} onKeyDown={move}>
      {items.map((item, index) => item === null ? <hr key={index} /> : (
        <button key={index} type="button" class={item.danger ? "danger" : ""}
          role={item.checked === undefined ? "menuitem" : "menuitemradio"}
          aria-checked={item.checked} onClick={() => {
            closePopover();
            item.run();
          }}>
          <span class="menu-icon">{item.icon && <Icon name={item.icon} size={16} />}</span>
          <span class="menu-label">{item.label}</span>
          {item.checked && <Icon name="check" size={16} />}
        </button>
      ))}
    </div>
  );
}

/** Draws what is open; stands once in the page. */
export function PopoverHost() {
  const open = popover.value;
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (open) place(box, open.anchor);
  }, [open]);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) closePopover();
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      closePopover();
    };
    addEventListener("pointerdown", outside, true);
    addEventListener("keydown", escape, true);
    addEventListener("resize", closePopover);
    return () => {
      removeEventListener("pointerdown", outside, true);
      removeEventListener("keydown", escape, true);
      removeEventListener("resize", closePopover);
    };
  }, [open]);
  if (!open) return null;
  return <div class="popover" ref={box}>{open.content()}</div>;
}

/** Below the anchor where there is room, else above; never beyond the edges. */
function place(box: RefObject<HTMLDivElement | null>, anchor: DOMRect): void {
  const element = box.current;
  if (!element) return;
  const { offsetWidth: width, offsetHeight: height } = element;
  const below = anchor.bottom + 4;
  const isBelow = below + height + EDGE_PX <= innerHeight;
  const top = isBelow ? below : Math.max(EDGE_PX, anchor.top - height - 4);
  const wanted = anchor.right - width > EDGE_PX && anchor.left > innerWidth / 2
    ? anchor.right - width : anchor.left;
  element.style.top = `${top}px`;
  element.style.left = `${Math.max(EDGE_PX, Math.min(wanted, innerWidth - width - EDGE_PX))}px`;
}

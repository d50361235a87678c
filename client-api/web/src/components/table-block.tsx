import type { ComponentChild } from "preact";
import { t } from "../i18n/index.js";

export interface Cell {
  align: "left" | "right" | "center" | null;
  content: ComponentChild;
}

/** A table; where it is wider than its place it scrolls in it, by keys too. */
export function TableBlock({ head, rows }: { head: Cell[]; rows: Cell[][] }) {
  return (
    <div class="table-block" tabIndex={0} role="group" aria-label={t("message.table")}>
      <table>
        <thead><tr>{head.map(({ align, content }) =>
          <th scope="col" class={align ?? ""}>{content}</th>)}</tr></thead>
        {rows.length > 0 && <tbody>{rows.map((cells) => (
          <tr>{cells.map(({ align, content }) => <td class={align ?? ""}>{content}</td>)}</tr>
        ))}</tbody>}
      </table>
    </div>
  );
}

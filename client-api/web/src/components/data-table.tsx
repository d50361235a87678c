// A table that is one of cards where it is narrow. The roles stand there by name, as browsers
// forget them once the display is another one.
import type { ComponentChildren } from "preact";

export interface Column<T> {
  title: string;
  cell: (row: T) => ComponentChildren;
  /** `main` names the row; `actions` stands at its end; `number` is set flush right. */
  kind?: "main" | "actions" | "number" | "grow";
}

export function DataTable<T>({ label, columns, rows, id, rowClass }: {
  label: string;
  columns: Column<T>[];
  rows: T[];
  id: (row: T) => string | number;
  rowClass?: (row: T) => string;
}) {
  return (
    <table class="data-table" role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ title, kind = "" }) => (
            <th key={title} role="columnheader" scope="col" class={kind}>
              <span class={kind === "actions" ? "visually-hidden" : ""}>{title}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={id(row)} role="row" class={rowClass?.(row) ?? ""}>
            {columns.map(({ title, kind = "", cell }) => {
              const content = cell(row);
              const isEmpty = content === null || content === undefined || content === "";
              return (
                <td key={title} role={kind === "main" ? "rowheader" : "cell"}
                  class={`${kind}${isEmpty ? " nothing" : ""}`}>
                  {kind !== "main" && kind !== "actions"
                    && <span class="cell-title" aria-hidden="true">{title}</span>}
                  <div class="cell">{isEmpty && kind !== "actions" ? "–" : content}</div>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

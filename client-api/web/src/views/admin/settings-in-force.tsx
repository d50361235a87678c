// The settings of the node that are in force, and where each came from.
import { useState } from "preact/hooks";
import { Choice } from "../../components/choice.js";
import { DataTable } from "../../components/data-table.js";
import { ta, tan } from "../../i18n/admin.js";
import { AdminFrame, Loaded, Nothing, Panel, Tag, useShared } from "./frame.js";
import { FilterField } from "./filter-field.js";
import type { Setting } from "./types.js";

export function SettingsInForcePage() {
  const { settings } = useShared();
  const [words, setWords] = useState("");
  const [shown, show] = useState<"all" | "set">("all");
  return (
    <AdminFrame title={ta("nav.settings")} intro={ta("inForce.intro")}>
      {!settings.isMissing && <div class="filters">
        <FilterField label={ta("inForce.search")} value={words} onChange={setWords} />
        <Choice label={ta("groups.show")} value={shown} onChange={show} options={[
          ["all", ta("list.all")], ["set", ta("inForce.set")],
        ]} />
      </div>}
      <Loaded of={settings}>{(data) => {
        const found = data.filter((each) => matches(each, words)
          && (shown === "all" || each.from !== "default"));
        return <>
          <p class="hint" role="status">{tan("inForce.count", found.length)}</p>
          {!found.length && <Nothing>{ta("inForce.none")}</Nothing>}
          {bySection(found).map(([section, list]) => (
            <Panel key={section} title={section || ta("inForce.top")}>
              <Settings list={list} />
            </Panel>
          ))}
        </>;
      }}</Loaded>
    </AdminFrame>
  );
}

function Settings({ list }: { list: Setting[] }) {
  return (
    <DataTable label={ta("nav.settings")} rows={list} id={(each) => each.key} columns={[
      {
        title: ta("inForce.key"), kind: "main", cell: (each) => <span class="stacked">
          <code class="breaks">{each.key}</code>
          {each.meaning && <small class="hint">{withCode(each.meaning)}</small>}
        </span>,
      },
      {
        title: ta("inForce.value"), kind: "grow", cell: (each) => <span class="stacked">
          <code class="breaks">{shownValue(each.value)}</code>
          {each.from !== "default" && each.default !== undefined && each.default !== null
            && <small class="hint">{ta("inForce.default", {
              value: shownValue(each.default),
            })}</small>}
        </span>,
      },
      {
        title: ta("inForce.from"), cell: ({ from }) => from === "default"
          ? <Tag>{ta("inForce.isDefault")}</Tag> : <Tag kind="accent">{from}</Tag>,
      },
    ]} />
  );
}

/** A sentence in which names stand between backticks. */
function withCode(text: string) {
  return text.split("`").map((part, at) => at % 2 ? <code>{part}</code> : part);
}

function shownValue(value: unknown): string {
  if (value === null || value === undefined) return ta("inForce.unset");
  return typeof value === "string" ? value || "\"\"" : JSON.stringify(value);
}

function matches({ key, meaning }: Setting, words: string): boolean {
  const text = `${key} ${meaning ?? ""}`.toLocaleLowerCase();
  return words.toLocaleLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function bySection(settings: Setting[]): [string, Setting[]][] {
  const found = new Map<string, Setting[]>();
  for (const each of settings) {
    const section = each.key.includes(".") ? each.key.slice(0, each.key.lastIndexOf(".")) : "";
    found.set(section, [...found.get(section) ?? [], each]);
  }
  return [...found];
}

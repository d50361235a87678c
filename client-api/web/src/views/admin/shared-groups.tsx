// The groups that may be shared with a domain, where only named ones may.
import { useState } from "preact/hooks";
import { Button, IconButton } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { SelectField } from "../../components/field.js";
import { useResource } from "../../state/resource.js";
import { ta } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { act, Nothing, useShared } from "./frame.js";
import type { RuleLine } from "./types.js";

export function SharedGroups({ line }: { line: RuleLine }) {
  const { policy } = useShared();
  const groups = useResource(admin.groups);
  const [chosen, choose] = useState("");
  const names = new Map((groups.data ?? []).map((each) => [each.channel, each.name]));
  const others = (groups.data ?? []).filter((each) => !line.groups.includes(each.channel));
  const { domain } = line;
  const add = async () => {
    const name = names.get(chosen) ?? chosen;
    const yes = await confirm({
      title: ta("shared.add"), action: ta("shared.add"),
      text: ta("shared.addAsk", { name, domain }),
    });
    if (!yes) return;
    await act(() => admin.share(domain, chosen), ta("shared.added", { name, domain }), policy);
    choose("");
  };
  const remove = async (id: string) => {
    const name = names.get(id) ?? id;
    const yes = await confirm({
      title: ta("shared.remove"), action: ta("shared.remove"), danger: true,
      text: ta("shared.removeAsk", { name, domain }),
    });
    if (!yes) return;
    await act(() => admin.unshare(domain, id), ta("shared.removed", { name, domain }), policy);
  };
  return (
    <div class="shared-groups">
      <h3>{ta("shared.title")}</h3>
      {line.groups.length ? (
        <ul class="plain-list">
          {line.groups.map((id) => (
            <li key={id}>
              <span class="stacked"><strong>{names.get(id) ?? ta("shared.unknown")}</strong>
                <small><code class="breaks">{id}</code></small></span>
              <IconButton icon="close" label={`${ta("shared.remove")}: ${names.get(id) ?? id}`}
                onClick={() => void remove(id)} />
            </li>
          ))}
        </ul>
      ) : <Nothing>{ta("shared.none")}</Nothing>}
      {others.length > 0 && (
        <div class="add-line">
          <SelectField label={ta("shared.choose")} value={chosen} onChange={choose} options={[
            ["", ta("shared.pick")], ...others.map((each) => [each.channel, each.name] as const),
          ]} />
          <Button icon="plus" disabled={!chosen} onClick={() => void add()}>
            {ta("shared.add")}</Button>
        </div>
      )}
    </div>
  );
}

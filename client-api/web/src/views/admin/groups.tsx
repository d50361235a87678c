// The groups that the node holds, those first that wait for something.
import { useState } from "preact/hooks";
import { GroupSign } from "../../components/avatar.js";
import { DomainBadge } from "../../components/badge.js";
import { IconButton } from "../../components/button.js";
import { DataTable } from "../../components/data-table.js";
import { confirm } from "../../components/dialog.js";
import { openMenu, type MenuItem } from "../../components/menu.js";
import { me } from "../../state/account.js";
import { useResource, type Resource } from "../../state/resource.js";
import { attempt, toast } from "../../state/toasts.js";
import { t } from "../../i18n/index.js";
import { ta, tan } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { act, AdminFrame, Loaded, Nothing, Tag, Warning } from "./frame.js";
import { FilterField } from "./filter-field.js";
import { Choice } from "../../components/choice.js";
import { showReopen, showVoided } from "./reopen.js";
import type { Group } from "./types.js";

const REFRESH_MS = 30_000;

export function GroupsPage() {
  const groups = useResource(admin.groups, { everyMs: REFRESH_MS });
  const [words, setWords] = useState("");
  const [shown, show] = useState<"all" | "waiting">("all");
  return (
    <AdminFrame title={ta("nav.groups")} intro={ta("groups.intro")}>
      <div class="filters">
        <FilterField label={ta("groups.search")} value={words} onChange={setWords} />
        <Choice label={ta("groups.show")} value={shown} onChange={show} options={[
          ["all", ta("list.all")], ["waiting", ta("groups.waiting")],
        ]} />
      </div>
      <Loaded of={groups}>{(data) => {
        const found = data.filter((each) => matches(each, words)
          && (shown === "all" || isWaiting(each)));
        return <>
          <p class="hint" role="status">{tan("groups.count", found.length)}</p>
          {data.some((each) => each.read_only === "split")
            && <Warning kind="bad">{ta("groups.splitHint")}</Warning>}
          {found.length ? <Groups list={found} groups={groups} />
            : <Nothing>{ta(data.length ? "groups.none" : "groups.noneYet")}</Nothing>}
        </>;
      }}</Loaded>
    </AdminFrame>
  );
}

function Groups({ list, groups }: { list: Group[]; groups: Resource<Group[]> }) {
  return (
    <DataTable label={ta("nav.groups")} rows={list} id={(each) => each.channel} columns={[
      {
        title: ta("groups.name"), kind: "main",
        cell: ({ channel, name }) => (
          <span class="who">
            <GroupSign id={channel} name={name} size={32} />
            <span class="who-text">
              <strong>{name}</strong>
              <small title={channel}>{channel.slice(0, 10)}…</small>
            </span>
          </span>
        ),
      },
      {
        title: ta("groups.home"),
        cell: ({ home }) => home === me().domain ? ta("groups.here")
          : <DomainBadge domain={home} />,
      },
      { title: ta("groups.state"), kind: "grow", cell: (each) => <State group={each} /> },
      {
        title: t("action.more"), kind: "actions",
        cell: (each) => (
          <IconButton icon="dots" label={ta("groups.actions", { name: each.name })}
            onClick={(event) => openMenu(
              event.currentTarget, ta("groups.actions", { name: each.name }),
              actionsOf(each, groups),
            )} />
        ),
      },
    ]} />
  );
}

function State({ group }: { group: Group }) {
  const { read_only: readOnly, waits_for: waitsFor, invited, is_ungranted: isUngranted } = group;
  return (
    <span class="tags">
      {readOnly && <Tag kind="bad" title={ta(`groups.${readOnly}Hint`)}>
        {ta(`groups.${readOnly}`)}</Tag>}
      {waitsFor.length > 0 && <Tag kind="warn" title={ta("groups.waitsHint")}>
        {ta("groups.waitsFor", { domains: waitsFor.join(", ") })}</Tag>}
      {isUngranted && <Tag kind="warn" title={ta("groups.ungrantedHint")}>
        {ta("groups.ungranted")}</Tag>}
      {invited > 0 && <Tag>{tan("groups.invited", invited)}</Tag>}
      {!isWaiting(group) && <Tag kind="good">{ta("groups.fine")}</Tag>}
    </span>
  );
}

function actionsOf(group: Group, groups: Resource<Group[]>): (MenuItem | null)[] {
  const isOurs = group.home === me().domain;
  const items: (MenuItem | null)[] = [
    {
      label: ta("groups.copyId"), icon: "copy",
      run: () => void attempt(() => navigator.clipboard.writeText(group.channel))
        .then((went) => went && toast(t("action.copied"))),
    },
    { label: ta("groups.voided"), icon: "clock", run: () => showVoided(group) },
  ];
  if (isOurs && group.waits_for.length) {
    items.push({ label: ta("groups.confirm"), icon: "check", run: () => void ask(group, groups) });
  }
  if (group.is_ungranted) items.push({ label: ta("groups.grant"), icon: "shield", run: () => {
    void grant(group, groups);
  } });
  if (isOurs) {
    items.push(null, {
      label: ta("groups.reopen"), icon: "warning", danger: true,
      run: () => showReopen(group, () => void groups.reload()),
    });
  }
  return items;
}

async function ask(group: Group, groups: Resource<Group[]>): Promise<void> {
  const yes = await confirm({
    title: ta("groups.confirm"), action: ta("groups.confirm"), danger: true,
    text: ta("groups.confirmAsk", { name: group.name, domains: group.waits_for.join(", ") }),
  });
  if (yes) await act(() => admin.confirmGroup(group.channel), ta("groups.confirmed"), groups);
}

async function grant(group: Group, groups: Resource<Group[]>): Promise<void> {
  const yes = await confirm({
    title: ta("groups.grant"), action: ta("groups.grant"),
    text: ta("groups.grantAsk", { name: group.name, domain: group.home }),
  });
  if (!yes) return;
  await act(() => admin.share(group.home, group.channel), ta("groups.granted"), groups);
}

function isWaiting(group: Group): boolean {
  return Boolean(group.read_only) || group.waits_for.length > 0 || group.is_ungranted;
}

function matches({ name, home, channel }: Group, words: string): boolean {
  const text = `${name} ${home} ${channel}`.toLocaleLowerCase();
  return words.toLocaleLowerCase().split(/\s+/).every((word) => text.includes(word));
}

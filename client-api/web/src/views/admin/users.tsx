// The accounts of the node.
import { useEffect, useState } from "preact/hooks";
import { query, setQuery } from "../../app/router.js";
import { Ago } from "../../components/ago.js";
import { Avatar } from "../../components/avatar.js";
import { Button, IconButton } from "../../components/button.js";
import { DataTable } from "../../components/data-table.js";
import { confirm } from "../../components/dialog.js";
import { openMenu, type MenuItem } from "../../components/menu.js";
import { me } from "../../state/account.js";
import { useResource, type Resource } from "../../state/resource.js";
import { attempt } from "../../state/toasts.js";
import { formatNumber } from "../../text/format.js";
import { t } from "../../i18n/index.js";
import { ta, tan } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { act, AdminFrame, Loaded, Nothing, Tag } from "./frame.js";
import { FilterField } from "./filter-field.js";
import type { User, UserPage } from "./types.js";
import { showNewUser, showResetPassword } from "./user-dialogs.js";

export function UsersPage() {
  const prefix = (query.value.get("q") ?? "").trim().toLowerCase();
  const page = useResource(() => admin.users(prefix), { keys: [prefix] });
  const [more, setMore] = useState<UserPage>();
  useEffect(() => setMore(undefined), [page.data]);
  const loadMore = async (after: string) => {
    await attempt(async () => {
      const next = await admin.users(prefix, after);
      setMore({ ...next, users: [...more?.users ?? [], ...next.users] });
    });
  };
  return (
    <AdminFrame title={ta("nav.users")} actions={
      <Button kind="primary" icon="userPlus"
        onClick={() => showNewUser(() => void page.reload())}>{ta("users.new")}</Button>
    }>
      <FilterField label={ta("users.search")} value={prefix}
        onChange={(q) => setQuery({ q })} />
      <Loaded of={page}>{(data) => {
        const users = [...data.users, ...more?.users ?? []];
        const last = users.at(-1);
        return <>
          <p class="hint" role="status">{tan("users.total", data.total)}</p>
          {users.length ? <Users users={users} page={page} />
            : <Nothing>{ta("users.none", { prefix })}</Nothing>}
          {last && (more ?? data).more && (
            <Button onClick={() => void loadMore(last.name)}>{ta("list.more")}</Button>
          )}
        </>;
      }}</Loaded>
    </AdminFrame>
  );
}

function Users({ users, page }: { users: User[]; page: Resource<UserPage> }) {
  return (
    <DataTable label={ta("nav.users")} rows={users} id={(each) => each.name}
      rowClass={(each) => (each.is_deleted ? "faded" : "")} columns={[
        { title: ta("users.account"), kind: "main", cell: (user) => <Name user={user} /> },
        { title: ta("users.state"), cell: (user) => <State user={user} /> },
        {
          title: ta("users.lastActive"),
          cell: (user) => user.is_there ? ta("users.isThere") : user.last_active_unix_ms
            ? <Ago at={user.last_active_unix_ms} />
            // It is written when the last device goes.
            : ta(user.devices ? "users.notYet" : "users.never"),
        },
        { title: ta("users.created"), cell: (user) => <Ago at={user.created_unix_ms} /> },
        {
          title: ta("users.devices"), kind: "number", cell: (user) => formatNumber(user.devices),
        },
        {
          title: t("action.more"), kind: "actions",
          cell: (user) => user.is_deleted ? null : (
            <IconButton icon="dots" label={ta("users.actions", { name: user.name })}
              onClick={(event) => openMenu(
                event.currentTarget, ta("users.actions", { name: user.name }),
                actionsOf(user, page),
              )} />
          ),
        },
      ]} />
  );
}

function Name({ user }: { user: User }) {
  const account = `${user.name}@${me().domain}`;
  return (
    <span class="who">
      <Avatar account={account} size={32} />
      <span class="who-text">
        <strong>{user.display_name ?? user.name}</strong>
        <small>{account}</small>
      </span>
    </span>
  );
}

function State({ user }: { user: User }) {
  return (
    <span class="tags">
      {user.is_deleted ? <Tag>{ta("users.deleted")}</Tag>
        : user.is_suspended ? <Tag kind="bad">{ta("users.suspended")}</Tag>
          : <Tag kind="good">{ta("users.active")}</Tag>}
      {user.is_admin && <Tag kind="accent">{ta("users.admin")}</Tag>}
    </span>
  );
}

function actionsOf(user: User, page: Resource<UserPage>): (MenuItem | null)[] {
  const { name } = user;
  const reset: MenuItem = {
    label: ta("users.reset"), icon: "lock",
    run: () => showResetPassword(name, () => void page.reload()),
  };
  // The node lets nobody lock himself out: another admin does that.
  if (`${name}@${me().domain}` === me().account) return [reset];
  const { is_admin: isAdmin, is_suspended: isSuspended } = user;
  return [
    reset,
    {
      label: ta(isAdmin ? "users.revokeAdmin" : "users.makeAdmin"), icon: "shield",
      run: () => void setAdmin(name, !isAdmin, page),
    },
    null,
    {
      label: ta(isSuspended ? "users.restore" : "users.suspend"), danger: !isSuspended,
      icon: isSuspended ? "check" : "close", run: () => void suspend(name, !isSuspended, page),
    },
  ];
}

async function setAdmin(name: string, on: boolean, page: Resource<UserPage>): Promise<void> {
  const action = ta(on ? "users.makeAdmin" : "users.revokeAdmin");
  const yes = await confirm({
    title: action, action, danger: on,
    text: ta(on ? "users.makeAdminAsk" : "users.revokeAdminAsk", { name }),
  });
  if (!yes) return;
  const done = ta(on ? "users.madeAdmin" : "users.revokedAdmin", { name });
  await act(() => admin.changeUser(name, { admin: on }), done, page);
}

async function suspend(name: string, on: boolean, page: Resource<UserPage>): Promise<void> {
  const action = ta(on ? "users.suspend" : "users.restore");
  const yes = await confirm({
    title: action, action, danger: on,
    text: ta(on ? "users.suspendAsk" : "users.restoreAsk", { name }),
  });
  if (!yes) return;
  const done = ta(on ? "users.isSuspended" : "users.isRestored", { name });
  await act(() => admin.changeUser(name, { suspended: on }), done, page);
}

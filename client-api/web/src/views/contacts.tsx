// Whom the account knows, who wants to be known, and who was asked.
import type { Contact } from "comity-sdk";
import { useEffect } from "preact/hooks";
import { Avatar } from "../components/avatar.js";
import { DomainBadge } from "../components/badge.js";
import { Button, IconButton } from "../components/button.js";
import { confirm, openDialog } from "../components/dialog.js";
import { Empty, Page } from "../components/page.js";
import { me } from "../state/account.js";
import { contacts, reloadContacts } from "../state/contacts.js";
import { displayName } from "../state/people.js";
import { askPresence } from "../state/presence.js";
import { attempt, toast } from "../state/toasts.js";
import { t } from "../i18n/index.js";
import { openDirect } from "./open-direct.js";
import { PersonDialog } from "./person-dialog.js";
import { showProfile } from "./profile-card.js";

/** In the order of the page: what waits for an answer comes first. */
const STANDINGS = ["asking", "contact", "asked", "declined"] as const;

export function ContactsPage() {
  const all = contacts.value;
  const accounts = all.map(({ account }) => account);
  useEffect(() => void reloadContacts(), []);
  useEffect(() => askPresence(accounts), [accounts.join()]);
  return (
    <Page title={t("contacts.title")} actions={
      <Button kind="primary" icon="userPlus" onClick={showAdd}>{t("contacts.add")}</Button>
    }>
      {!all.length && <Empty title={t("contacts.none")}><p>{t("contacts.hint")}</p></Empty>}
      {STANDINGS.map((standing) => {
        const some = all.filter((each) => each.standing === standing)
          .sort((a, b) => displayName(a.account).localeCompare(displayName(b.account)));
        return some.length > 0 && (
          <section key={standing} class="contacts" aria-label={t(`contacts.${standing}`)}>
            <h2>{t(`contacts.${standing}`)}</h2>
            <ul class="cards">
              {some.map((each) => <li key={each.account}><ContactCard contact={each} /></li>)}
            </ul>
          </section>
        );
      })}
    </Page>
  );
}

function showAdd(): void {
  const add = async (account: string) => {
    const { status } = await me().client.api.people.addContact(account);
    const name = displayName(account);
    toast(t(status === "done" ? "contacts.addedDone" : "contacts.addedAsked", { name }));
    await reloadContacts();
  };
  openDialog.value = () => <PersonDialog title={t("contacts.add")} label={t("invite.account")}
    action={t("contacts.ask")} pick={add} />;
}

function ContactCard({ contact: { account, standing } }: { contact: Contact }) {
  return (
    <div class="card">
      <Avatar account={account} size={36} presence={standing === "contact"} />
      <div class="card-text">
        <button type="button" class="card-name" onClick={(event) =>
          showProfile(event.currentTarget.getBoundingClientRect(), account)}>
          {displayName(account)}
        </button>
        {" "}<DomainBadge account={account} />
        <small>{account}</small>
      </div>
      <Answers account={account} standing={standing} />
    </div>
  );
}

function Answers({ account, standing }: Pick<Contact, "account" | "standing">) {
  const { people } = me().client.api;
  const change = async (work: () => Promise<unknown>) => {
    if (await attempt(work)) await reloadContacts();
  };
  const add = () => void change(() => people.addContact(account));
  const remove = () => void change(() => people.removeContact(account));
  const askRemoval = async () => {
    const text = t("contacts.removeAsk", { name: displayName(account) });
    const action = t("contact.remove");
    if (await confirm({ title: action, text, action, danger: true })) remove();
  };
  switch (standing) {
    case "asking":
      return <>
        <Button kind="primary" onClick={add}>{t("action.accept")}</Button>
        <Button onClick={remove}>{t("action.decline")}</Button>
      </>;
    case "contact":
      return <>
        <IconButton icon="message" label={t("profile.message")}
          onClick={() => void openDirect(account, () => undefined)} />
        <IconButton icon="trash" label={t("contact.remove")} onClick={() => void askRemoval()} />
      </>;
    case "asked":
      return <Button onClick={remove}>{t("contacts.takeBack")}</Button>;
    default:
      return <Button onClick={add}>{t("contact.add")}</Button>;
  }
}

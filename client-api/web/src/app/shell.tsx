// The frame of a signed-in page: the list of conversations, the page, and a panel beside it. On a
// phone one of them is shown at a time.
import { useEffect } from "preact/hooks";
import { t } from "../i18n/index.js";
import { unreadTotal } from "../state/channels.js";
import { Banners } from "../views/banner.js";
import { ConversationPage } from "../views/conversation.js";
import { GroupsPage } from "../views/groups.js";
import { HomePage } from "../views/home.js";
import { MentionsPage } from "../views/mentions.js";
import { SearchPage } from "../views/search.js";
import { Sidebar } from "../views/sidebar.js";
import { lazy } from "./lazy.js";
import { route } from "./router.js";
import { useShortcuts } from "./shortcuts.js";

const ContactsPage = lazy(async () => (await import("../views/contacts.js")).ContactsPage);
const SettingsPage = lazy(async () => (await import("../views/settings/index.js")).SettingsPage);
const AdminPage = lazy(async () => (await import("../views/admin/index.js")).AdminPage);

export function Shell() {
  useShortcuts();
  useTitle();
  const { at } = route.value;
  return (
    <div class={`shell at-${at}`}>
      <a class="skip-link" href="#main">{t("nav.skip")}</a>
      <Sidebar />
      <div class="stage">
        <Banners />
        <Stage />
      </div>
    </div>
  );
}

function Stage() {
  const to = route.value;
  switch (to.at) {
    case "channel":
      return <ConversationPage key={to.channel} channel={to.channel} message={to.message} />;
    case "search":
      return <SearchPage />;
    case "mentions":
      return <MentionsPage />;
    case "groups":
      return <GroupsPage />;
    case "contacts":
      return <ContactsPage />;
    case "settings":
      return <SettingsPage page={to.page} />;
    case "admin":
      return <AdminPage page={to.page} />;
    default:
      return <HomePage />;
  }
}

/** What is unread stands in the page's title, and at the icon of an installed client. */
function useTitle(): void {
  const unread = unreadTotal.value;
  useEffect(() => {
    document.title = unread ? `(${unread}) ${t("app.name")}` : t("app.name");
    const badge = navigator as { setAppBadge?: (count: number) => Promise<void> };
    void badge.setAppBadge?.(unread).catch(() => undefined);
  }, [unread]);
}

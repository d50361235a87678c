// The settings of the account and of this browser.
import { Sections, type SectionPage } from "../../components/sections.js";
import { me } from "../../state/account.js";
import { t } from "../../i18n/index.js";
import { ready, ts } from "../../i18n/settings.js";
import { AboutPage } from "./about.js";
import { AccountPage } from "./account.js";
import { AppearancePage } from "./appearance.js";
import { DevicesPage } from "./devices.js";
import { NotificationsPage } from "./notifications.js";
import { PrivacyPage } from "./privacy.js";
import { ProfilePage } from "./profile.js";

await ready();

export function SettingsPage({ page }: { page: string }) {
  const groups: [string, SectionPage[]][] = [
    [ts("nav.account"), [
      { id: "profile", label: ts("nav.profile"), icon: "user" },
      { id: "account", label: ts("nav.security"), icon: "lock" },
      { id: "devices", label: ts("nav.devices"), icon: "device" },
      { id: "privacy", label: ts("nav.privacy"), icon: "shield" },
      { id: "notifications", label: ts("nav.notifications"), icon: "bell" },
    ]],
    [ts("nav.browser"), [
      { id: "appearance", label: ts("nav.appearance"), icon: "sun" },
      { id: "about", label: ts("nav.about"), icon: "info" },
    ]],
  ];
  return (
    <Sections base="/settings" title={t("settings.title")} note={me().account} groups={groups}
      page={page}>
      <OpenPage page={page} />
    </Sections>
  );
}

function OpenPage({ page }: { page: string }) {
  switch (page) {
    case "account":
      return <AccountPage />;
    case "devices":
      return <DevicesPage />;
    case "privacy":
      return <PrivacyPage />;
    case "notifications":
      return <NotificationsPage />;
    case "appearance":
      return <AppearancePage />;
    case "about":
      return <AboutPage />;
    default:
      return <ProfilePage />;
  }
}

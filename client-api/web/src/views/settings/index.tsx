// The settings of the account and of this browser.
import { Page } from "../../components/page.js";
import { t } from "../../i18n/index.js";

export function SettingsPage(_: { page: string }) {
  return <Page title={t("settings.title")}>{null}</Page>;
}

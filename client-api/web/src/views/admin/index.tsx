// The admin console.
import { Page } from "../../components/page.js";
import { t } from "../../i18n/index.js";

export function AdminPage(_: { page: string }) {
  return <Page title={t("settings.admin")}>{null}</Page>;
}

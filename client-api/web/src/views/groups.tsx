import { Page } from "../components/page.js";
import { t } from "../i18n/index.js";
export function GroupsPage() {
  return <Page title={t("groups.browse")}>{null}</Page>;
}

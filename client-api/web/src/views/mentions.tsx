import { Page } from "../components/page.js";
import { t } from "../i18n/index.js";
export function MentionsPage() {
  return <Page title={t("mentions.title")}>{null}</Page>;
}

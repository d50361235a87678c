import { Page } from "../components/page.js";
import { t } from "../i18n/index.js";
export function SearchPage() {
  return <Page title={t("search.title")}>{null}</Page>;
}

import { COMMAND_KEY } from "../app/keys.js";
import { go } from "../app/router.js";
import { Button } from "../components/button.js";
import { Empty } from "../components/page.js";
import { areChannelsKnown, channels } from "../state/channels.js";
import { t } from "../i18n/index.js";
import { showNewDirect, showNewGroup } from "./new-dialogs.js";

/** What stands beside the list while nothing is chosen. */
export function HomePage() {
  if (!areChannelsKnown.value) return <main class="page" id="main" />;
  const isNew = channels.value.size === 0;
  return (
    <main class="page home" id="main">
      <Empty title={t(isNew ? "home.welcome" : "home.empty")}>
        <p>{isNew ? t("home.welcomeHint")
          : t("home.emptyHint", { keys: `${COMMAND_KEY} + K` })}</p>
        <div class="buttons">
          <Button kind="primary" icon="compose" onClick={showNewDirect}>{t("direct.new")}</Button>
          <Button icon="plus" onClick={showNewGroup}>{t("channel.create")}</Button>
          <Button icon="search" onClick={() => go("/groups")}>{t("groups.browse")}</Button>
        </div>
      </Empty>
    </main>
  );
}

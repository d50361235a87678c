import { chosenState, presenceOf } from "../state/presence.js";
import { me, signOut } from "../state/account.js";
import { isAdmin } from "../state/admin.js";
import { outboxCount } from "../state/outbox.js";
import { confirm } from "../components/dialog.js";
import { openMenu } from "../components/menu.js";
import { go } from "../app/router.js";
import { theme } from "../state/settings.js";
import { t, tn } from "../i18n/index.js";
import { showProfile } from "./profile-card.js";
import { showShortcuts } from "./shortcuts-dialog.js";
import { showStatus } from "./status-dialog.js";

/** What the user does about himself. */
export function accountMenu(at: Element): void {
  const status = presenceOf(me().account).peek()?.status;
  const isDark = document.documentElement.dataset["theme"] === "dark";
  const anchor = at.getBoundingClientRect();
  openMenu(at, t("profile.own"), [
    { label: status || t("presence.statusHint"), icon: "smile", run: showStatus },
    null,
    ...(["online", "away", "busy"] as const).map((state) => ({
      label: t(`presence.${state}`),
      checked: chosenState.peek() === state,
      run: () => (chosenState.value = state),
    })),
    null,
    { label: t("profile.own"), icon: "user", run: () => showProfile(anchor, me().account) },
    { label: t("settings.title"), icon: "settings", run: () => go("/settings") },
    ...(isAdmin.peek() ? [{
      label: t("settings.admin"), icon: "shield" as const, run: () => go("/admin"),
    }] : []),
    {
      label: t("shortcuts.theme"), icon: isDark ? "sun" : "moon",
      run: () => (theme.value = isDark ? "light" : "dark"),
    },
    { label: t("shortcuts.help"), icon: "info", run: showShortcuts },
    null,
    { label: t("settings.signOut"), icon: "logOut", danger: true, run: () => void askOut() },
  ]);
}

async function askOut(): Promise<void> {
  const unsent = outboxCount.peek();
  const yes = await confirm({
    title: t("settings.signOut"),
    text: unsent ? tn("settings.signOutUnsent", unsent) : t("settings.signOutAsk"),
    action: t("settings.signOut"),
    danger: true,
  });
  if (yes) await signOut();
}

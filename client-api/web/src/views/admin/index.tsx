// The admin console: for accounts that are admins of the node.
import type { ComponentChildren } from "preact";
import { go, query } from "../../app/router.js";
import { Button, Spinner } from "../../components/button.js";
import { Icon } from "../../components/icon.js";
import { Page } from "../../components/page.js";
import { Sections, type SectionPage } from "../../components/sections.js";
import { me } from "../../state/account.js";
import { useResource } from "../../state/resource.js";
import { t } from "../../i18n/index.js";
import { ready, ta, tan } from "../../i18n/admin.js";
import { SharedContext, type Shared } from "./frame.js";
import { admin } from "./api.js";
import { DoctorPage } from "./doctor.js";
import { ForksPage } from "./forks.js";
import { GroupsPage } from "./groups.js";
import { InvitesPage } from "./invites.js";
import { OverviewPage } from "./overview.js";
import { PartnerPage } from "./partner.js";
import { PartnersPage } from "./partners.js";
import { PolicyPage } from "./policy.js";
import { ReportsPage } from "./reports.js";
import { SettingsInForcePage } from "./settings-in-force.js";
import { UsersPage } from "./users.js";

await ready();

const COUNTS_EVERY_MS = 15_000;

export function AdminPage({ page }: { page: string }) {
  const who = useResource(() => me().client.api.accounts.me() as Promise<{ admin?: boolean }>);
  if (who.data) return who.data.admin ? <ConsolePage page={page} /> : <NotAdmin />;
  if (who.error) {
    return (
      <Outside title={t("settings.admin")}>
        <p>{who.error}</p>
        <Button kind="primary" onClick={() => void who.reload()}>{t("action.retry")}</Button>
      </Outside>
    );
  }
  return <div class="loading-page"><Spinner /></div>;
}

/** What who is no admin sees. */
function NotAdmin() {
  const name = me().account;
  return (
    <Outside title={ta("no.title")}>
      <p>{ta("no.text", { account: name })}</p>
      <p class="hint">{ta("no.how")}</p>
      <pre class="command" tabIndex={0}>comity user admin {name.split("@")[0]}</pre>
    </Outside>
  );
}

function Outside({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <Page title={t("settings.admin")}>
      <div class="empty">
        <span class="empty-sign"><Icon name="shield" size={32} /></span>
        <h2>{title}</h2>
        {children}
        <Button icon="back" class="only-wide" onClick={() => go("/")}>{ta("back")}</Button>
      </div>
    </Page>
  );
}

function ConsolePage({ page }: { page: string }) {
  const status = useResource(admin.status, { everyMs: COUNTS_EVERY_MS });
  const policy = useResource(admin.policy, { everyMs: COUNTS_EVERY_MS });
  const settings = useResource(admin.settings);
  const shared: Shared = { status, policy, settings };
  const groups: [string, SectionPage[]][] = [
    ["", [{ id: "overview", label: ta("nav.overview"), icon: "clock" }]],
    [ta("nav.people"), [
      { id: "users", label: ta("nav.users"), icon: "users" },
      { id: "invites", label: ta("nav.invites"), icon: "link" },
    ]],
    [ta("nav.content"), [
      { id: "groups", label: ta("nav.groups"), icon: "hash" },
      {
        id: "reports", label: ta("nav.reports"), icon: "flag", count: status.data?.reports,
        countLabel: tan("reports.open", status.data?.reports ?? 0),
      },
    ]],
    [ta("nav.federation"), [
      { id: "partners", label: ta("nav.partners"), icon: "globe" },
      {
        id: "rules", label: ta("nav.rules"), icon: "shield", count: policy.data?.asking.length,
        countLabel: tan("policy.waiting", policy.data?.asking.length ?? 0),
      },
      {
        id: "forks", label: ta("nav.forks"), icon: "warning", count: status.data?.forks,
        countLabel: tan("forks.count", status.data?.forks ?? 0),
      },
      { id: "doctor", label: ta("nav.doctor"), icon: "check" },
    ]],
    ...(settings.isMissing ? [] : [[ta("nav.node"), [
      { id: "settings", label: ta("nav.settings"), icon: "settings" } as const,
    ]] as [string, SectionPage[]]]),
  ];
  return (
    <SharedContext.Provider value={shared}>
      <Sections base="/admin" title={t("settings.admin")} note={status.data?.domain ?? me().domain}
        groups={groups} page={page}>
        <OpenPage page={page || "overview"} />
      </Sections>
    </SharedContext.Provider>
  );
}

function OpenPage({ page }: { page: string }) {
  const domain = query.value.get("domain");
  switch (page) {
    case "users":
      return <UsersPage />;
    case "invites":
      return <InvitesPage />;
    case "groups":
      return <GroupsPage />;
    case "reports":
      return <ReportsPage />;
    case "partners":
      return domain ? <PartnerPage key={domain} domain={domain} /> : <PartnersPage />;
    case "rules":
      return <PolicyPage />;
    case "forks":
      return <ForksPage />;
    case "doctor":
      return <DoctorPage key={domain} domain={domain ?? ""} />;
    case "settings":
      return <SettingsInForcePage />;
    default:
      return <OverviewPage />;
  }
}

// Of what the account wants to be told, when, and whether this browser shows it.
import { useState } from "preact/hooks";
import type { Notifications } from "comity-sdk";
import { Button } from "../../components/button.js";
import { SelectField, TextField, Toggle } from "../../components/field.js";
import { Panel } from "../../components/sections.js";
import { me } from "../../state/account.js";
import { useResource, type Resource } from "../../state/resource.js";
import { attempt, toast } from "../../state/toasts.js";
import { t } from "../../i18n/index.js";
import { ts } from "../../i18n/settings.js";
import { Loaded, SettingsFrame } from "./frame.js";
import { PushPanel } from "./push-panel.js";

const LEVELS = ["all", "mentions", "nothing"] as const;
const IDLE_SECONDS = [0, 60, 300, 900, 3_600] as const;
const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const QUIET = { from: "22:00", until: "07:00", zone: OWN_ZONE };

export function NotificationsPage() {
  const settings = useResource<Notifications>(() => me().client.api.notifications.get());
  return (
    <SettingsFrame title={ts("nav.notifications")}>
      <PushPanel />
      <Loaded of={settings}>{(data) => <Wishes data={data} settings={settings} />}</Loaded>
    </SettingsFrame>
  );
}

function Wishes({ data, settings }: { data: Notifications; settings: Resource<Notifications> }) {
  const change = async (next: Partial<Notifications>) => {
    // The request replaces all of it.
    const all = { ...data, ...next };
    if (!all.quiet) delete all.quiet;
    if (await attempt(() => me().client.api.notifications.set(all))) toast(ts("saved"));
    await settings.reload();
  };
  return <>
    <Panel title={ts("notify.of")} hint={ts("notify.ofHint")}>
      <div class="radio-list" role="radiogroup" aria-label={ts("notify.of")}>
        {LEVELS.map((level) => (
          <label key={level}>
            <input type="radio" name="level" checked={data.level === level}
              onChange={() => void change({ level })} />
            <span><strong>{t(`notify.${level}`)}</strong>
              <small class="hint">{ts(`notify.${level}Hint`)}</small></span>
          </label>
        ))}
      </div>
      <SelectField label={ts("notify.idle")} hint={ts("notify.idleHint")}
        value={String(data.idle_seconds ?? 300)} onChange={(value) => {
          void change({ idle_seconds: Number(value) });
        }} options={idleOptions(data.idle_seconds ?? 300)} />
    </Panel>
    <Panel title={ts("quiet.title")}>
      <Toggle label={ts("quiet.on")} hint={ts("quiet.hint")} checked={Boolean(data.quiet)}
        onChange={(on) => void change({ quiet: on ? QUIET : undefined })} />
      {data.quiet && <Quiet quiet={data.quiet} save={(quiet) => change({ quiet })} />}
    </Panel>
  </>;
}

function idleOptions(current: number): [string, string][] {
  const all = [...new Set<number>([...IDLE_SECONDS, current])].sort((a, b) => a - b);
  return all.map((seconds) => [String(seconds), seconds === 0 ? ts("notify.atOnce")
    : ts("notify.after", { span: span(seconds) })]);
}

function span(seconds: number): string {
  const [value, unit] = seconds % 3_600 === 0 ? [seconds / 3_600, "hour"] as const
    : seconds % 60 === 0 ? [seconds / 60, "minute"] as const : [seconds, "second"] as const;
  return new Intl.NumberFormat(document.documentElement.lang, {
    style: "unit", unit, unitDisplay: "long",
  }).format(value);
}

type QuietHours = NonNullable<Notifications["quiet"]>;

function Quiet({ quiet, save }: { quiet: QuietHours; save: (quiet: QuietHours) => Promise<void> }) {
  const [edited, edit] = useState(quiet);
  const isChanged = (["from", "until", "zone"] as const)
    .some((each) => edited[each] !== quiet[each]);
  const zones = [...new Set([quiet.zone, OWN_ZONE, ...Intl.supportedValuesOf("timeZone")])];
  const submit = (event: Event) => {
    event.preventDefault();
    void save(edited);
  };
  return (
    <form class="quiet" onSubmit={submit}>
      <TextField type="time" label={ts("quiet.from")} value={edited.from} required
        onInput={(event) => edit({ ...edited, from: event.currentTarget.value })} />
      <TextField type="time" label={ts("quiet.until")} value={edited.until} required
        onInput={(event) => edit({ ...edited, until: event.currentTarget.value })} />
      <SelectField label={ts("quiet.zone")} value={edited.zone}
        onChange={(zone) => edit({ ...edited, zone })}
        options={zones.map((zone) => [zone, zone.replace(/_/g, " ")] as const)} />
      <Button type="submit" kind="primary" disabled={!isChanged}>{t("action.save")}</Button>
    </form>
  );
}

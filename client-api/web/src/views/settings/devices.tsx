// Where the account is logged in.
import { Ago } from "../../components/ago.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { Panel } from "../../components/sections.js";
import { me, signOut } from "../../state/account.js";
import { useResource, type Resource } from "../../state/resource.js";
import { attempt, toast } from "../../state/toasts.js";
import { t } from "../../i18n/index.js";
import { ts, tsn } from "../../i18n/settings.js";
import { Loaded, SettingsFrame } from "./frame.js";

interface Device {
  id: string;
  name: string;
  created_time: string;
  current: boolean;
}

export function DevicesPage() {
  const devices = useResource<Device[]>(() => me().client.api.accounts.devices());
  return (
    <SettingsFrame title={ts("nav.devices")}>
      <Loaded of={devices}>{(all) => <Devices all={all} devices={devices} />}</Loaded>
    </SettingsFrame>
  );
}

function Devices({ all, devices }: { all: Device[]; devices: Resource<Device[]> }) {
  const others = all.filter((each) => !each.current)
    .sort((a, b) => (a.created_time < b.created_time ? 1 : -1));
  const logOut = async (some: Device[], text: string) => {
    const action = ts(some.length === 1 ? "devices.logOut" : "devices.logOutAll");
    if (!await confirm({ title: action, action, text, danger: true })) return;
    const { accounts } = me().client.api;
    const went = await attempt(async () => {
      for (const { id } of some) await accounts.logDeviceOut(id);
    });
    if (went) toast(tsn("devices.done", some.length));
    await devices.reload();
  };
  const leave = async () => {
    const action = t("settings.signOut");
    if (await confirm({ title: action, action, text: t("settings.signOutAsk"), danger: true })) {
      await signOut();
    }
  };
  return <>
    <Panel title={ts("devices.this")}>
      <ul class="plain-list">
        {all.filter((each) => each.current).map((each) => (
          <li key={each.id}>
            <Line device={each} />
            <Button icon="logOut" onClick={() => void leave()}>{t("settings.signOut")}</Button>
          </li>
        ))}
      </ul>
    </Panel>
    <Panel title={ts("devices.others")} hint={ts("devices.hint")} actions={others.length > 1 && (
      <Button kind="danger" onClick={() => {
        void logOut(others, tsn("devices.askAll", others.length));
      }}>{ts("devices.logOutAll")}</Button>
    )}>
      {others.length ? <ul class="plain-list">
        {others.map((each) => (
          <li key={each.id}>
            <Line device={each} />
            <Button onClick={() => void logOut(
              [each], ts("devices.ask", { name: each.name || ts("devices.unnamed") }),
            )}>{ts("devices.logOut")}</Button>
          </li>
        ))}
      </ul> : <p class="nothing-here">{ts("devices.none")}</p>}
    </Panel>
  </>;
}

function Line({ device }: { device: Device }) {
  return (
    <span class="who">
      <span class="line-sign"><Icon name="device" /></span>
      <span class="who-text">
        <strong>{device.name || ts("devices.unnamed")}</strong>
        <small>{ts("devices.since")} <Ago at={device.created_time} /></small>
      </span>
    </span>
  );
}

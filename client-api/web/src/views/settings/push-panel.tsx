// Whether this browser shows notifications.
import { Ago } from "../../components/ago.js";
import { Button } from "../../components/button.js";
import { Toggle } from "../../components/field.js";
import { Icon } from "../../components/icon.js";
import { Panel } from "../../components/sections.js";
import {
  pushPermission, pushSubscription, setPushContent, showsPushContent, subscribePush,
  unsubscribePush,
} from "../../state/push.js";
import { me } from "../../state/account.js";
import { useResource, type Resource } from "../../state/resource.js";
import { attempt, toast } from "../../state/toasts.js";
import { ts } from "../../i18n/settings.js";
import { Loaded } from "./frame.js";

interface State {
  permission: NotificationPermission | "unsupported";
  isOn: boolean;
  failing: { since: string; why: string } | undefined;
}

async function look(): Promise<State> {
  const [here, node] = await Promise.all([
    pushSubscription(), me().client.api.notifications.push(),
  ]);
  const known = node.subscription as { endpoint?: string; failing?: State["failing"] } | undefined;
  const isOn = Boolean(here && known && known.endpoint === here.endpoint);
  return { permission: pushPermission(), isOn, failing: isOn ? known?.failing : undefined };
}

export function PushPanel() {
  const state = useResource(look);
  return (
    <Panel title={ts("push.title")} hint={ts("push.hint")}>
      <Loaded of={state}>{(data) => <Push state={data} resource={state} />}</Loaded>
    </Panel>
  );
}

function Push({ state, resource }: { state: State; resource: Resource<State> }) {
  const { permission, isOn, failing } = state;
  if (permission === "unsupported") return <p class="hint">{ts("push.unsupported")}</p>;
  if (permission === "denied") {
    return <div class="notice"><Icon name="bellOff" size={16} />
      <span class="notice-text">{ts("push.denied")}</span></div>;
  }
  const set = async (on: boolean) => {
    if (await attempt(on ? subscribePush : unsubscribePush)) {
      toast(ts(on ? "push.on" : "push.off"));
    }
    await resource.reload();
  };
  const setContent = async (on: boolean) => {
    await attempt(() => setPushContent(on));
    await resource.reload();
  };
  return <>
    <Toggle label={ts("push.here")} hint={ts("push.hereHint")} checked={isOn}
      onChange={(on) => void set(on)} />
    {isOn && <Toggle label={ts("push.content")} hint={ts("push.contentHint")}
      checked={showsPushContent()} onChange={(on) => void setContent(on)} />}
    {failing && (
      <div class="notice">
        <Icon name="warning" size={16} />
        <span class="notice-text">
          {ts("push.failing")} {failing.why} <Ago at={failing.since} />
        </span>
        <Button kind="quiet" onClick={() => void set(true)}>{ts("push.anew")}</Button>
      </div>
    )}
  </>;
}

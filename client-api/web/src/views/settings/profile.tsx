// What the account shows of itself.
import { useEffect, useRef, useState } from "preact/hooks";
import { Avatar } from "../../components/avatar.js";
import { Button } from "../../components/button.js";
import { confirm, openDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { Panel } from "../../components/sections.js";
import { me } from "../../state/account.js";
import { askAgain, person } from "../../state/people.js";
import { presenceOf } from "../../state/presence.js";
import { attempt, failed, messageOf, toast } from "../../state/toasts.js";
import { nameOf } from "../../text/accounts.js";
import { t } from "../../i18n/index.js";
import { ts } from "../../i18n/settings.js";
import { CropDialog } from "./crop.js";
import { SettingsFrame } from "./frame.js";

const NAME_MAX = 64;
const STATUS_MAX = 100;
const IMAGES = "image/png,image/jpeg,image/webp,image/gif,image/avif";

export function ProfilePage() {
  const { account } = me();
  useEffect(() => askAgain(account), []);
  return (
    <SettingsFrame title={ts("nav.profile")}>
      <Picture account={account} />
      <Panel>
        <DisplayName account={account} />
        <Status account={account} />
      </Panel>
    </SettingsFrame>
  );
}

function Picture({ account }: { account: string }) {
  const input = useRef<HTMLInputElement>(null);
  const { profile } = person(account).value;
  const upload = async (image: Blob) => {
    await me().client.api.people.setAvatar(image);
    askAgain(account);
    toast(ts("profile.pictureDone"));
  };
  const choose = async (file: File | undefined) => {
    if (!file) return;
    try {
      const image = await createImageBitmap(file);
      openDialog.value = () => <CropDialog image={image} onCropped={upload} />;
    } catch {
      failed(new Error(ts("profile.noImage")));
    }
  };
  const remove = async () => {
    const yes = await confirm({
      title: ts("profile.removePicture"), action: ts("profile.removePicture"), danger: true,
      text: ts("profile.removePictureAsk"),
    });
    if (yes && await attempt(() => me().client.api.people.removeAvatar())) askAgain(account);
  };
  return (
    <Panel title={ts("profile.picture")} hint={ts("profile.pictureHint")}>
      <div class="picture-line">
        <Avatar account={account} size={64} />
        <div class="panel-actions">
          <input ref={input} type="file" accept={IMAGES} class="visually-hidden" tabIndex={-1}
            aria-label={ts("profile.choose")} onChange={(event) => {
              void choose(event.currentTarget.files?.[0]);
              event.currentTarget.value = "";
            }} />
          <Button kind="primary" onClick={() => input.current?.click()}>
            {ts("profile.choose")}</Button>
          {profile?.avatar && <Button onClick={() => void remove()}>
            {ts("profile.removePicture")}</Button>}
        </div>
      </div>
    </Panel>
  );
}

function DisplayName({ account }: { account: string }) {
  const known = person(account).value.profile?.display_name ?? "";
  const save = async (name: string) => {
    await me().client.api.people.setDisplayName(name);
    askAgain(account);
  };
  return (
    <LineForm label={ts("profile.name")} value={known} max={NAME_MAX} save={save}
      placeholder={nameOf(account)} hint={ts("profile.nameHint", { account })} />
  );
}

function Status({ account }: { account: string }) {
  const known = presenceOf(account).value?.status ?? "";
  const save = async (status: string) => {
    await me().client.api.people.setPresence({ status });
  };
  return (
    <LineForm label={t("presence.status")} value={known} max={STATUS_MAX} save={save}
      placeholder={t("presence.statusHint")} hint={ts("profile.statusHint")} />
  );
}

/** One line that is saved by itself. What others change of it comes in while it is not edited. */
function LineForm({ label, value, max, hint, placeholder, save }: {
  label: string;
  value: string;
  max: number;
  hint: string;
  placeholder: string;
  save: (value: string) => Promise<void>;
}) {
  const [text, setText] = useState<string>();
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const isChanged = text !== undefined && text.trim() !== value;
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await save((text ?? "").trim());
      setText(undefined);
      toast(ts("saved"));
    } catch (reason) {
      setError(messageOf(reason));
    }
    setBusy(false);
  };
  return (
    <form class="add-line" onSubmit={submit}>
      <TextField label={label} value={text ?? value} maxLength={max} autocomplete="off"
        placeholder={placeholder} hint={hint} error={error} onInput={(event) => {
          setText(event.currentTarget.value);
          setError(undefined);
        }} />
      <Button type="submit" kind="primary" busy={isBusy} disabled={!isChanged}>
        {t("action.save")}</Button>
    </form>
  );
}

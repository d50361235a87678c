import { person, displayName } from "../state/people.js";
import { presenceOf } from "../state/presence.js";
import { hueOf, initials } from "../text/accounts.js";
import { t } from "../i18n/index.js";

/** An account's picture, or its letters; with `presence` a dot beside it. */
export function Avatar({ account, size = 36, presence = false }: {
  account: string; size?: number; presence?: boolean;
}) {
  const { picture } = person(account).value;
  return (
    <span class={`avatar hue-${hueOf(account)} size-${size}`} aria-hidden={!presence || undefined}>
      {picture ? <img src={picture} alt="" loading="lazy" />
        : <span class="letters" data-letters={initials(displayName(account))} />}
      {presence && <PresenceDot account={account} />}
    </span>
  );
}

/** How somebody is: by colour, by shape, and for screen readers. */
export function PresenceDot({ account }: { account: string }) {
  const state = presenceOf(account).value?.state ?? "unknown";
  if (state === "unknown") return null;
  return <span class={`presence ${state}`} role="img" aria-label={t(`presence.${state}`)} />;
}

/** The sign of a group. */
export function GroupSign({ id, name, size = 36 }: { id: string; name: string; size?: number }) {
  return (
    <span class={`avatar group hue-${hueOf(id)} size-${size}`} aria-hidden="true">
      <span class="letters" data-letters={initials(name)} />
    </span>
  );
}

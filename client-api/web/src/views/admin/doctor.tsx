// What is well and what is not with the own domain, or with another one.
import { useEffect, useState } from "preact/hooks";
import { setQuery } from "../../app/router.js";
import { Button, Spinner } from "../../components/button.js";
import { CopyBox } from "../../components/copy.js";
import { TextField } from "../../components/field.js";
import { Icon, type IconName } from "../../components/icon.js";
import { me } from "../../state/account.js";
import { messageOf } from "../../state/toasts.js";
import { ta, tan } from "../../i18n/admin.js";
import { admin } from "./api.js";
import { AdminFrame, Panel, Warning } from "./frame.js";
import type { Finding } from "./types.js";

const ORDER = { bad: 0, look: 1, ok: 2 } as const;
const ICONS: Record<Finding["grade"], IconName> = { bad: "close", look: "warning", ok: "check" };

interface Examined {
  of: string;
  findings: Finding[];
}

export function DoctorPage({ domain }: { domain: string }) {
  const [typed, setTyped] = useState(domain);
  const [found, setFound] = useState<Examined>();
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const run = async (of: string) => {
    setBusy(true);
    setError(undefined);
    try {
      // Of the own domain another list is answered, so its name is left out.
      const findings = await admin.examine(of && of !== me().domain ? of : undefined);
      setFound({ of: of || me().domain, findings });
    } catch (reason) {
      setError(messageOf(reason));
    }
    setBusy(false);
  };
  useEffect(() => {
    if (domain) void run(domain);
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    const of = typed.trim().toLowerCase();
    if (of === domain) void run(of);
    else setQuery({ domain: of });
    if (!of) void run(of);
  };
  return (
    <AdminFrame title={ta("nav.doctor")} intro={ta("doctor.intro")}>
      <form class="add-line" onSubmit={submit}>
        <TextField label={ta("doctor.domain")} value={typed} autocomplete="off"
          autocapitalize="none" spellcheck={false} placeholder={me().domain}
          hint={ta("doctor.hint")} onInput={(event) => setTyped(event.currentTarget.value)} />
        <Button type="submit" kind="primary" icon="check" busy={isBusy}>{ta("doctor.run")}</Button>
      </form>
      {error && <Warning kind="bad">{error}</Warning>}
      {isBusy && !found && <div class="loading-part"><Spinner /> {ta("doctor.running")}</div>}
      {found && <Findings of={found} />}
    </AdminFrame>
  );
}

function Findings({ of: { of, findings } }: { of: Examined }) {
  const sorted = [...findings].sort((a, b) => ORDER[a.grade] - ORDER[b.grade]);
  const bad = findings.filter((each) => each.grade === "bad").length;
  const look = findings.filter((each) => each.grade === "look").length;
  const records = [...new Set(findings.flatMap((each) => each.records))];
  return <div role="status" class="findings-frame">
    <h2 class="findings-title">{ta("doctor.found", { domain: of })}</h2>
    <p class="hint">
      {bad + look ? [bad && tan("doctor.bad", bad), look && tan("doctor.look", look)]
        .filter(Boolean).join(" · ") : ta("doctor.allWell")}
    </p>
    <ul class="findings">
      {sorted.map((each, index) => <li key={index} class={`finding ${each.grade}`}>
        <span class="finding-sign" role="img" aria-label={ta(`grade.${each.grade}`)}>
          <Icon name={ICONS[each.grade]} size={16} />
        </span>
        <div>
          <h3>{each.about}</h3>
          <p>{each.found}</p>
          {each.todo && <p class="todo">{each.todo}</p>}
          {each.records.length > 0 && <CopyBox label={ta("doctor.records")}
            text={each.records.join("\n")} />}
        </div>
      </li>)}
    </ul>
    {records.length > 1 && (
      <Panel title={ta("doctor.allRecords")} hint={ta("doctor.allRecordsHint")}>
        <CopyBox label={ta("doctor.allRecords")} text={records.join("\n")} />
      </Panel>
    )}
  </div>;
}

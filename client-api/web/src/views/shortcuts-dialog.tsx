import { closeDialog, Dialog, openDialog } from "../components/dialog.js";
import { COMMAND_KEY } from "../app/keys.js";
import { t, type Key } from "../i18n/index.js";

const SHORTCUTS: [Key, string[]][] = [
  ["shortcuts.switch", [COMMAND_KEY, "K"]],
  ["shortcuts.search", [COMMAND_KEY, "Shift", "F"]],
  ["shortcuts.previous", ["Alt", "↑"]],
  ["shortcuts.next", ["Alt", "↓"]],
  ["shortcuts.nextUnread", ["Alt", "Shift", "↓"]],
  ["shortcuts.send", ["Enter"]],
  ["shortcuts.newLine", ["Shift", "Enter"]],
  ["shortcuts.editLast", ["↑"]],
  ["shortcuts.escape", ["Esc"]],
  ["shortcuts.theme", [COMMAND_KEY, "Shift", "L"]],
  ["shortcuts.help", ["?"]],
];

export function showShortcuts(): void {
  openDialog.value = () => (
    <Dialog title={t("shortcuts.help")} onClose={closeDialog}>
      <dl class="shortcuts">
        {SHORTCUTS.map(([key, keys]) => (
          <div key={key}>
            <dt>{t(key)}</dt>
            <dd>{keys.map((each) => <kbd key={each}>{each}</kbd>)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

// Which of the large parts is shown: signing in, or the shell.
import { useEffect } from "preact/hooks";
import { signedIn } from "../state/account.js";
import { closeDialog, openDialog } from "../components/dialog.js";
import { closePopover, PopoverHost } from "../components/menu.js";
import { Toasts } from "../components/toast.js";
import { SignIn } from "../views/sign-in.js";
import { SignUp } from "../views/sign-up.js";
import { ErrorFrame } from "./error-frame.js";
import { go, route } from "./router.js";
import { Shell } from "./shell.js";

export function App() {
  const isIn = Boolean(signedIn.value);
  useEffect(() => {
    if (isIn) return;
    closeDialog();
    closePopover();
  }, [isIn]);
  return (
    <ErrorFrame>
      <Page />
      {/* What is open is the user's: it goes with him. */}
      {isIn && openDialog.value?.()}
      <PopoverHost />
      <Toasts />
    </ErrorFrame>
  );
}

function Page() {
  const { at } = route.value;
  const isIn = Boolean(signedIn.value);
  const isEntrance = at === "signIn" || at === "signUp" || at === "invite";
  useEffect(() => {
    // Where it is by now: who has just signed in may be on the way to another page already.
    const now = route.peek().at;
    if (isIn && (now === "signIn" || now === "signUp")) go("/", { replace: true });
    if (!isIn && !isEntrance) {
      const next = location.pathname === "/" ? "" : `?next=${encodeURIComponent(here())}`;
      go(`/sign-in${next}`, { replace: true });
    }
  }, [isIn, at]);
  if (!isIn) return at === "signUp" || at === "invite" ? <SignUp /> : <SignIn />;
  return <Shell />;
}

function here(): string {
  return location.pathname + location.search;
}

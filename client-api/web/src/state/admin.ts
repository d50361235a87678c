// Whether the account may use the node's console.
import { signal } from "@preact/signals";
import { whileSignedIn } from "./account.js";

export const isAdmin = signal(false);

whileSignedIn(({ client, session }) => {
  const ask = async () => {
    const found = await client.api.accounts.me().catch(() => undefined);
    if (found) isAdmin.value = found.admin;
  };
  const end = session.on("state", ({ status }) => void (status === "online" && ask()));
  return () => {
    end();
    isAdmin.value = false;
  };
});

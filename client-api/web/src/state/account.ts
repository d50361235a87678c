// Who is signed in on this device: one log-in for all tabs of this browser.
import { signal } from "@preact/signals";
import {
  ComityClient, IndexedDbStore, MemoryStore, SharedSession,
  type LoggedIn, type SessionState, type Store,
} from "comity-sdk";
import { domainOf } from "../text/accounts.js";
import { forgetAll } from "./settings.js";
import { noteRoom, watched } from "./storage.js";

/** Everything that a signed-in page works with. */
export interface SignedIn {
  account: string;
  /** The domain of the own organisation. */
  domain: string;
  device: string;
  client: ComityClient;
  session: SharedSession;
  store: Store;
}

interface Login {
  account: string;
  device: string;
  token: string;
}

/** What a part of the state does when somebody signs in; the answer ends it. */
export type Part = (me: SignedIn) => () => void;

const LOGIN = "app/login";
const parts: Part[] = [];
let registry: Store | undefined;
let ends: (() => void)[] = [];

/** `undefined` before it is known, `null` where nobody is signed in. */
export const signedIn = signal<SignedIn | null | undefined>(undefined);
/** How the session is connected. */
export const connection = signal<SessionState>({ status: "offline" });
/** Set where the node ended the log-in: it is told once at the sign-in page. */
export const wasLoggedOut = signal(false);
/** The node's own domain, for who is not signed in yet. */
export const nodeDomain = signal(location.hostname);

/** Registers a part of the state that lives while somebody is signed in. */
export function whileSignedIn(part: Part): void {
  parts.push(part);
}

/** Who is signed in; only for what is shown while somebody is. */
export function me(): SignedIn {
  const value = signedIn.value;
  if (!value) throw new Error("Nobody is signed in.");
  return value;
}

/** Looks for a log-in that is kept. */
export async function startAccount(): Promise<void> {
  registry = await openStore("app");
  const login = (await registry.get(LOGIN).catch(() => undefined)) as Login | undefined;
  if (login) await begin(login);
  else signedIn.value = null;
}

export async function signIn(name: string, password: string): Promise<void> {
  const client = new ComityClient({ url: location.origin });
  await takeLogin(await client.logIn(name.trim(), password, deviceName()));
}

export async function signUp(name: string, password: string, invite?: string): Promise<void> {
  const client = new ComityClient({ url: location.origin });
  const more = invite ? { invite } : {};
  const done = await client.signUp(name.trim(), password, { device_name: deviceName(), ...more });
  await takeLogin(done);
}

/** Ends this device's log-in, here and at the node. */
export async function signOut(): Promise<void> {
  const { client } = me();
  // Without a connection the token goes from here only; the node ends it when it is not used.
  await client.logOut().catch(() => undefined);
  await end(false);
}

/** Asks the node whose it is. */
export async function askDomain(): Promise<void> {
  const found = await new ComityClient({ url: location.origin }).wellKnown();
  nodeDomain.value = found.domain;
}

async function takeLogin({ account, device, token }: LoggedIn): Promise<void> {
  const login: Login = { account, device: device.id, token };
  // Where there is no room for it the log-in lasts as long as the page.
  await registry?.write([{ key: LOGIN, value: login }]).catch(() => undefined);
  wasLoggedOut.value = false;
  await begin(login);
}

async function begin(login: Login): Promise<void> {
  const store = await openStore(login.device);
  const client = new ComityClient({ url: location.origin, token: login.token });
  const session = new SharedSession({ name: login.device, client, store });
  const { account, device } = login;
  const value = { account, domain: domainOf(account), device, client, session, store };
  nodeDomain.value = value.domain;
  ends = [
    client.onTokenInvalid(() => void end(true)),
    session.on("state", (state) => {
      connection.value = state;
      if (state.status === "loggedOut") void end(true);
    }),
    ...parts.map((part) => part(value)),
  ];
  signedIn.value = value;
  void session.start().then(() => (connection.value = session.state));
}

async function end(byNode: boolean): Promise<void> {
  const value = signedIn.peek();
  if (!value) return;
  signedIn.value = null;
  wasLoggedOut.value = byNode;
  for (const each of ends.splice(0)) each();
  connection.value = { status: "offline" };
  forgetAll(`draft:${value.device}`);
  await registry?.write([{ key: LOGIN }]).catch(() => undefined);
  await value.session.close();
  await value.store.close();
  await IndexedDbStore.delete(value.device).catch(() => undefined);
}

/** Where the browser keeps nothing, all lasts as long as the page. */
async function openStore(name: string): Promise<Store> {
  try {
    return watched(await IndexedDbStore.open(name));
  } catch (error) {
    noteRoom(error);
    return new MemoryStore();
  }
}

/** What the list of devices shows of this browser. */
function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = /Firefox|Edg|OPR|Chrome|Safari/.exec(agent)?.[0] ?? "Web";
  const system = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(agent)?.[0] ?? "";
  const name = { Edg: "Edge", OPR: "Opera" }[browser] ?? browser;
  return system ? `${name}, ${system.replace("Mac OS", "macOS")}` : name;
}

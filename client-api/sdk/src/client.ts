import { AccountsApi } from "./api/accounts.js";
import { ChannelsApi } from "./api/channels.js";
import { GroupsApi } from "./api/groups.js";
import { MessagesApi } from "./api/messages.js";
import { NotificationsApi } from "./api/notifications.js";
import { PeopleApi } from "./api/people.js";
import { chooseEndpoints } from "./endpoints.js";
import { ComityError } from "./error.js";
import { Http, type Fetch } from "./http.js";
import { CLOCK_ANSWER_MAX_MS, CLOCK_TOLERANCE_MS } from "./limits.js";
import type { LoggedIn, WellKnown } from "./types.js";

/** Where a client's node is, and what the surroundings lack. */
export interface ClientOptions {
  /** The node's base URL, such as `https://chat.acme.example`; or several, the best first. */
  url: string | string[];
  /** The device's token, from an earlier log-in. */
  token?: string | undefined;
  /** Where there is no global `fetch`, or another is wanted. */
  fetch?: Fetch | undefined;
}

/** The resources of a node. */
export interface Api {
  readonly accounts: AccountsApi;
  readonly channels: ChannelsApi;
  readonly messages: MessagesApi;
  readonly people: PeopleApi;
  readonly groups: GroupsApi;
  readonly notifications: NotificationsApi;
}

/**
 * A node over HTTP, as one device. Nonces may be left out in all methods but `messages.send`;
 * give them only where no session of this device is used, which counts its own.
 */
export class ComityClient {
  /** The resources, by topic. */
  readonly api: Api;
  /** A request of any resource, typed by the node's OpenAPI document. */
  readonly request: Http["request"];
  #endpoints: string[];
  #token: string | undefined;
  readonly #listeners = new Set<(error: ComityError) => void>();
  readonly #clockListeners = new Set<(aheadMs: number) => void>();
  #clockAheadMs = 0;

  constructor(options: ClientOptions) {
    const urls = Array.isArray(options.url) ? options.url : [options.url];
    this.#endpoints = urls.map((url) => url.replace(/\/+$/, ""));
    this.#token = options.token;
    const http = new Http({
      url: () => this.url,
      token: () => this.#token,
      // Called as a method of another object, the browsers' own would refuse.
      fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
      dated: (node, asked, answered) => this.#dated(node, asked, answered),
      refused: (error) => this.#refused(error),
    });
    this.request = http.request.bind(http);
    this.api = {
      accounts: new AccountsApi(http),
      channels: new ChannelsApi(http),
      messages: new MessagesApi(http),
      people: new PeopleApi(http),
      groups: new GroupsApi(http),
      notifications: new NotificationsApi(http),
    };
  }

  /** The client of a domain's node, found by its well-known document. */
  static async find(domain: string, options: Omit<ClientOptions, "url"> = {}) {
    const found = await new ComityClient({ ...options, url: `https://${domain}` }).wellKnown();
    const url = chooseEndpoints(found.endpoints, Math.random);
    if (!url.length) throw new ComityError("answer_invalid", `${domain} names no endpoint.`);
    return new ComityClient({ ...options, url });
  }

  /** The base URL in use. */
  get url(): string {
    return this.#endpoints[0] ?? "";
  }

  /** The device's token; keep it where nobody else reads it. */
  get token(): string | undefined {
    return this.#token;
  }

  /**
   * By how much the node's clock is ahead of this device's, in milliseconds, as the last answer
   * had it; 0 where they agree within a minute, or where the surroundings hide it.
   */
  get clockAheadMs(): number {
    return this.#clockAheadMs;
  }

  /** The time by the node's clock, like `Date.now()`: what events bear is compared with it. */
  now(): number {
    return Date.now() + this.#clockAheadMs;
  }

  /** Told when {@link clockAheadMs} is another; the answer ends it. */
  onClock(listener: (aheadMs: number) => void): () => void {
    this.#clockListeners.add(listener);
    return () => this.#clockListeners.delete(listener);
  }

  /** Where an account's domain takes clients. */
  wellKnown(): Promise<WellKnown> {
    return this.request("get", "/.well-known/comity");
  }

  /** Makes an account, and is its first device from then on. */
  async signUp(name: string, password: string, more: SignUpOptions = {}): Promise<LoggedIn> {
    return this.#taken(await this.api.accounts.signUp({ name, password, ...more }));
  }

  /** Logs in, and is a new device of the account from then on. */
  async logIn(name: string, password: string, device_name?: string): Promise<LoggedIn> {
    return this.#taken(await this.api.accounts.logIn({ name, password, device_name }));
  }

  /** Logs this device out; close its session before. */
  async logOut(): Promise<void> {
    await this.api.accounts.logOut();
    this.#token = undefined;
  }

  /** Told when the token is refused; the answer ends it. */
  onTokenInvalid(listener: (error: ComityError) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Goes to the next endpoint, where there are several. */
  leaveEndpoint(): void {
    const [first, ...others] = this.#endpoints;
    if (first !== undefined) this.#endpoints = [...others, first];
  }

  /** Goes to an endpoint that the node named; without TLS only from one without TLS. */
  preferEndpoint(url: string): void {
    const clean = url.replace(/\/+$/, "");
    if (!/^https?:\/\//.test(clean)) return;
    if (clean.startsWith("http:") && !this.url.startsWith("http:")) return;
    this.#endpoints = [clean, ...this.#endpoints.filter((each) => each !== clean)];
  }

  #taken(login: LoggedIn): LoggedIn {
    this.#token = login.token;
    return login;
  }

  #dated(node: number, asked: number, answered: number): void {
    // An answer that was long on its way says little, and one over which the clock was set nothing.
    if (answered < asked || answered - asked > CLOCK_ANSWER_MAX_MS) return;
    const ahead = node - answered;
    const next = Math.abs(ahead) < CLOCK_TOLERANCE_MS ? 0 : ahead;
    // Answers bear whole seconds: what differs by little is the same.
    if (next !== 0 && Math.abs(next - this.#clockAheadMs) < CLOCK_ANSWER_MAX_MS) return;
    if (next === this.#clockAheadMs) return;
    this.#clockAheadMs = next;
    for (const listener of [...this.#clockListeners]) listener(next);
  }

  #refused(error: ComityError): void {
    if (error.code !== "token_invalid" || this.#token === undefined) return;
    for (const listener of [...this.#listeners]) listener(error);
  }
}

/** What a sign-up may say besides name and password. */
export interface SignUpOptions {
  /** What the list of devices shows. */
  device_name?: string;
  /** Where the node asks for an invite. */
  invite?: string;
}

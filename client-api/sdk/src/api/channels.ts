import type { Http } from "../http.js";
import type { components } from "../generated/openapi.js";
import type { Role } from "../types.js";

type Schemas = components["schemas"];

/** Channels, their members, and what the account keeps of them for itself. */
export class ChannelsApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  async list() {
    return (await this.#http.request("get", "/v1/channels")).channels;
  }

  /** A channel with its members and rules. */
  get(id: string) {
    return this.#http.request("get", "/v1/channels/{id}", { id });
  }

  /** The id of the direct channel with an account; it is made where there is none. */
  async openDirect(account: string, nonce?: string) {
    const body = { kind: "direct" as const, with: account, nonce };
    return (await this.#http.request("post", "/v1/channels", {}, body)).channel.id;
  }

  /** Creates a group: its id. */
  async createGroup(name: string, options: Omit<NewGroup, "kind" | "name"> = {}) {
    const body = { kind: "group" as const, name, ...options };
    return (await this.#http.request("post", "/v1/channels", {}, body)).channel.id;
  }

  /** Renames, sets the topic, or one of the rules. */
  change(id: string, change: Schemas["ChannelChange"]) {
    return this.#http.request("patch", "/v1/channels/{id}", { id }, change);
  }

  accept(id: string, nonce?: string) {
    return this.#http.request("post", "/v1/channels/{id}/accept", { id }, { nonce });
  }

  decline(id: string, nonce?: string) {
    return this.#http.request("post", "/v1/channels/{id}/decline", { id }, { nonce });
  }

  leave(id: string, nonce?: string) {
    return this.#http.request("post", "/v1/channels/{id}/leave", { id }, { nonce });
  }

  /** Comes into a group by its join rule; `home` is the domain of its home. */
  join(id: string, home: string, nonce?: string) {
    return this.#http.request("post", "/v1/channels/{id}/join", { id }, { home, nonce });
  }

  invite(id: string, account: string, nonce?: string) {
    return this.#http.request("post", "/v1/channels/{id}/invites", { id }, { account, nonce });
  }

  /** Removes a member, or withdraws an invitation. */
  remove(id: string, account: string, nonce?: string) {
    const params = { id, account, nonce };
    return this.#http.request("delete", "/v1/channels/{id}/members/{account}", params);
  }

  setRole(id: string, account: string, role: Role, nonce?: string) {
    const path = "/v1/channels/{id}/members/{account}/role";
    return this.#http.request("put", path, { id, account }, { role, nonce });
  }

  ban(id: string, body: Schemas["Named"]) {
    return this.#http.request("post", "/v1/channels/{id}/bans", { id }, body);
  }

  unban(id: string, account: string, nonce?: string) {
    const params = { id, account, nonce };
    return this.#http.request("delete", "/v1/channels/{id}/bans/{account}", params);
  }

  /** Moves the account's mark; `back` lets it go back. */
  markRead(id: string, message: string, options: { back?: boolean; nonce?: string } = {}) {
    return this.#http.request("put", "/v1/channels/{id}/read", { id }, { message, ...options });
  }

  mute(id: string, nonce?: string) {
    return this.#http.request("put", "/v1/channels/{id}/mute", { id }, { nonce });
  }

  unmute(id: string, nonce?: string) {
    return this.#http.request("delete", "/v1/channels/{id}/mute", { id, nonce });
  }

  /** Of what the account is told in this channel. */
  setNotifications(id: string, level: Schemas["Level"]) {
    return this.#http.request("put", "/v1/channels/{id}/notifications", { id }, { level });
  }

  /** The account's own level counts again. */
  unsetNotifications(id: string) {
    return this.#http.request("delete", "/v1/channels/{id}/notifications", { id });
  }

  /** How the members are. */
  async presence(id: string) {
    return (await this.#http.request("get", "/v1/channels/{id}/presence", { id })).presences;
  }
}

type NewGroup = Extract<Schemas["NewChannel"], { kind: "group" }>;

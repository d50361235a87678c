import type { Http } from "../http.js";
import type { PresenceChange } from "../types.js";

/** Profiles, contacts, presence, blocks. Accounts are written `name@domain`. */
export class PeopleApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** What accounts show of themselves, 100 at most. */
  async profiles(account: string[]) {
    return (await this.#http.request("get", "/v1/profiles", { account })).profiles;
  }

  /** Accounts of the own organisation whose name begins so, or one elsewhere by its whole name. */
  async directory(q: string, limit?: number) {
    return (await this.#http.request("get", "/v1/directory", { q, limit })).profiles;
  }

  /** An avatar: a JPEG image of 128 by 128 pixels. */
  avatar(account: string) {
    return this.#http.request("get", "/v1/avatars/{account}", { account });
  }

  /** An empty name takes the display name away. */
  setDisplayName(name: string, nonce?: string) {
    return this.#http.request("put", "/v1/me/display_name", {}, { name, nonce });
  }

  setAvatar(image: Uint8Array | ArrayBuffer | Blob, nonce?: string) {
    return this.#http.request("put", "/v1/me/avatar", { nonce }, image);
  }

  removeAvatar(nonce?: string) {
    return this.#http.request("delete", "/v1/me/avatar", { nonce });
  }

  /** How accounts are, 100 at most. */
  async presence(account: string[]) {
    return (await this.#http.request("get", "/v1/presence", { account })).presences;
  }

  /** How this device is; with a session, {@link LiveSession.presence} is the better way. */
  setPresence(change: PresenceChange) {
    return this.#http.request("put", "/v1/me/presence", {}, change);
  }

  async contacts() {
    return (await this.#http.request("get", "/v1/contacts")).contacts;
  }

  /** Asks somebody, or agrees to who asks. */
  addContact(account: string, nonce?: string) {
    return this.#http.request("put", "/v1/contacts/{account}", { account }, { nonce });
  }

  /** Takes a request back, declines one, or ends being contacts. */
  removeContact(account: string, nonce?: string) {
    return this.#http.request("delete", "/v1/contacts/{account}", { account, nonce });
  }

  async blocks() {
    return (await this.#http.request("get", "/v1/blocks")).blocks;
  }

  block(account: string, nonce?: string) {
    return this.#http.request("put", "/v1/blocks/{account}", { account }, { nonce });
  }

  unblock(account: string, nonce?: string) {
    return this.#http.request("delete", "/v1/blocks/{account}", { account, nonce });
  }
}

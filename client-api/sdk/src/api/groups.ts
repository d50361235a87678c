import type { Http } from "../http.js";
import type { Params } from "../request-types.js";

/** Groups that may be found, and their aliases: `name@domain`, without the `#`. */
export class GroupsApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** The groups of a domain that let this account in. */
  list(query: Params<"get", "/v1/groups"> = {}) {
    return this.#http.request("get", "/v1/groups", query);
  }

  find(alias: string) {
    return this.#http.request("get", "/v1/aliases/{alias}", { alias });
  }

  join(alias: string, nonce?: string) {
    return this.#http.request("post", "/v1/aliases/{alias}/join", { alias }, { nonce });
  }

  setAlias(alias: string, channel: string, nonce?: string) {
    return this.#http.request("put", "/v1/aliases/{alias}", { alias }, { channel, nonce });
  }

  removeAlias(alias: string, nonce?: string) {
    return this.#http.request("delete", "/v1/aliases/{alias}", { alias, nonce });
  }
}

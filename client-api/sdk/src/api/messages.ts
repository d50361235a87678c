import type { Http } from "../http.js";
import type { Params } from "../request-types.js";
import type { components } from "../generated/openapi.js";

type Schemas = components["schemas"];
type Path = "/v1/channels/{id}/messages";

/** Messages and what is said of them. For sending, {@link LiveSession.send} is the better way. */
export class MessagesApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** A page of history, past the cache; {@link LiveSession.page} is the better way. */
  page(id: string, place: Omit<Params<"get", Path>, "id"> = {}) {
    return this.#http.request("get", "/v1/channels/{id}/messages", { id, ...place });
  }

  /** Sends a text, past the outbox. The nonce is this device's, see {@link ComityClient}. */
  send(id: string, body: Schemas["NewMessage"]) {
    return this.#http.request("post", "/v1/channels/{id}/messages", { id }, body);
  }

  get(id: string, message: string) {
    return this.#http.request("get", "/v1/channels/{id}/messages/{message}", { id, message });
  }

  edit(id: string, message: string, body: Schemas["MessageEdit"]) {
    const path = "/v1/channels/{id}/messages/{message}";
    return this.#http.request("put", path, { id, message }, body);
  }

  erase(id: string, message: string, nonce?: string) {
    const path = "/v1/channels/{id}/messages/{message}";
    return this.#http.request("delete", path, { id, message, nonce });
  }

  /** The texts that a message has had. */
  async versions(id: string, message: string) {
    const path = "/v1/channels/{id}/messages/{message}/versions";
    return (await this.#http.request("get", path, { id, message })).versions;
  }

  /** A page of the thread that a message belongs to. */
  replies(id: string, message: string, place: { after?: string; limit?: number } = {}) {
    const path = "/v1/channels/{id}/messages/{message}/replies";
    return this.#http.request("get", path, { id, message, ...place });
  }

  react(id: string, message: string, reaction: string, nonce?: string) {
    const path = "/v1/channels/{id}/messages/{message}/reactions/{reaction}";
    return this.#http.request("put", path, { id, message, reaction }, { nonce });
  }

  unreact(id: string, message: string, reaction: string, nonce?: string) {
    const path = "/v1/channels/{id}/messages/{message}/reactions/{reaction}";
    return this.#http.request("delete", path, { id, message, reaction, nonce });
  }

  /** The pinned messages, the last pinned first. */
  pins(id: string) {
    return this.#http.request("get", "/v1/channels/{id}/pins", { id });
  }

  pin(id: string, message: string, nonce?: string) {
    const path = "/v1/channels/{id}/pins/{message}";
    return this.#http.request("put", path, { id, message }, { nonce });
  }

  unpin(id: string, message: string, nonce?: string) {
    const path = "/v1/channels/{id}/pins/{message}";
    return this.#http.request("delete", path, { id, message, nonce });
  }

  /** Messages by their words. */
  search(query: Params<"get", "/v1/search">) {
    return this.#http.request("get", "/v1/search", query);
  }

  /** The messages that mention the account, the newest first. */
  mentions(place: { before?: string; limit?: number } = {}) {
    return this.#http.request("get", "/v1/mentions", place);
  }

  /** Reports a message to the node's admin. */
  report(body: Schemas["NewReport"]) {
    return this.#http.request("post", "/v1/reports", {}, body);
  }
}

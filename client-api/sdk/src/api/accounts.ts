import type { Http } from "../http.js";
import type { components } from "../generated/openapi.js";

type Schemas = components["schemas"];

/** Accounts and their devices. */
export class AccountsApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Whether the node answers. */
  health() {
    return this.#http.request("get", "/v1/health");
  }

  /** Makes an account. {@link ComityClient.signUp} takes the token, too. */
  signUp(body: Schemas["SignUp"]) {
    return this.#http.request("post", "/v1/accounts", {}, body);
  }

  /** Logs a new device in. {@link ComityClient.logIn} takes the token, too. */
  logIn(body: Schemas["LogIn"]) {
    return this.#http.request("post", "/v1/sessions", {}, body);
  }

  /** Logs this device out. */
  logOut() {
    return this.#http.request("delete", "/v1/sessions/current");
  }

  me() {
    return this.#http.request("get", "/v1/me");
  }

  /** Deletes the account for good. */
  deleteAccount(password: string) {
    return this.#http.request("delete", "/v1/me", {}, { password });
  }

  setPassword(old: string, next: string) {
    return this.#http.request("put", "/v1/me/password", {}, { old, new: next });
  }

  /** Whether others see up to where the user has read. */
  setShowsReads(on: boolean) {
    return this.#http.request("put", "/v1/me/shows_reads", {}, { on });
  }

  async devices() {
    return (await this.#http.request("get", "/v1/devices")).devices;
  }

  /** Logs another device out. */
  logDeviceOut(id: string) {
    return this.#http.request("delete", "/v1/devices/{id}", { id });
  }
}

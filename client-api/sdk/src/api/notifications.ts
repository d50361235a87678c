import type { Http } from "../http.js";
import type { components } from "../generated/openapi.js";
import type { Notifications } from "../types.js";

type Schemas = components["schemas"];

/** Push subscriptions of this device, and of what the account wants to be told. */
export class NotificationsApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  get() {
    return this.#http.request("get", "/v1/notifications");
  }

  /** Replaces all of it: what is left out is as it is by default. */
  set(notifications: Notifications) {
    return this.#http.request("put", "/v1/notifications", {}, notifications);
  }

  /** The node's key for `pushManager.subscribe`, and this device's subscription. */
  push() {
    return this.#http.request("get", "/v1/push");
  }

  /** Takes what `PushSubscription.toJSON()` gives, or a gateway. */
  subscribe(subscription: Schemas["NewPush"]) {
    return this.#http.request("put", "/v1/push", {}, subscription);
  }

  unsubscribe() {
    return this.#http.request("delete", "/v1/push");
  }
}

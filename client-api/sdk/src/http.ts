import { ComityError, asComityError } from "./error.js";
import type { paths } from "./generated/openapi.js";
import { REQUEST_MAX_MS } from "./limits.js";
import type { Method, PathOf, RequestOptions, Rest, Result } from "./request-types.js";

/** The `fetch` that is needed: that of browsers and of Node.js. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Where a request goes, and as whom; asked anew for each. */
export interface Target {
  url(): string;
  token(): string | undefined;
  fetch: Fetch;
  /** Told of the time that an answer bears, and between which two of this device it was made. */
  dated(nodeMs: number, askedMs: number, answeredMs: number): void;
  /** Told of each refusal. */
  refused(error: ComityError): void;
}

type Names = Record<string, unknown>;

/** Makes requests to a node, typed by its OpenAPI document. */
export class Http {
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  /**
   * Makes a request. `params` are those of the path and of the query together.
   *
   * @example `await http.request("get", "/v1/channels/{id}", { id: channel })`
   */
  async request<M extends Method, P extends PathOf<M> & keyof paths>(
    method: M,
    path: P,
    ...rest: Rest<M, P>
  ): Promise<Result<M, P>> {
    const [params, body, options] = rest as [Names?, unknown?, RequestOptions?];
    const url = this.#target.url() + fill(path as string, params ?? {});
    const response = await this.#answer(method, url, body, options);
    return (await read(response)) as Result<M, P>;
  }

  async #answer(method: string, url: string, body: unknown, options?: RequestOptions) {
    const token = this.#target.token();
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    const init: RequestInit = { method: method.toUpperCase(), headers };
    if (body !== undefined) {
      const isBuffer = body instanceof ArrayBuffer || ArrayBuffer.isView(body);
      const isBytes = isBuffer || body instanceof Blob;
      headers["content-type"] = isBytes ? "application/octet-stream" : "application/json";
      init.body = isBytes ? (body as BodyInit) : JSON.stringify(body);
    }
    const timeout = AbortSignal.timeout(REQUEST_MAX_MS);
    init.signal = options?.signal ? anyOf(options.signal, timeout) : timeout;
    let response: Response;
    const asked = Date.now();
    try {
      response = await this.#target.fetch(url, init);
    } catch (error) {
      throw asComityError(error, "unreachable");
    }
    const date = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(date)) this.#target.dated(date, asked, Date.now());
    if (response.ok) return response;
    const refusal = await refusalOf(response);
    this.#target.refused(refusal);
    throw refusal;
  }
}

/** Ends when one of two does. `AbortSignal.any` is too young for some browsers. */
function anyOf(one: AbortSignal, other: AbortSignal): AbortSignal {
  const controller = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) controller.abort(signal.reason);
    const options = { once: true, signal: controller.signal };
    signal.addEventListener("abort", () => controller.abort(signal.reason), options);
  }
  return controller.signal;
}

/** Puts parameters into the path where it names them, all others into the query. */
function fill(path: string, params: Names): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue;
    const place = `{${name}}`;
    const values = Array.isArray(value) ? value : [value];
    if (path.includes(place)) path = path.replace(place, () => encodeURIComponent(String(value)));
    else for (const each of values) query.append(name, String(each));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

async function read(response: Response): Promise<unknown> {
  try {
    if (response.status === 204) return undefined;
    const type = response.headers.get("content-type") ?? "";
    return await (type.startsWith("image/") ? response.blob() : response.json());
  } catch (error) {
    throw asComityError(error, "unreachable");
  }
}

async function refusalOf(response: Response): Promise<ComityError> {
  const { status } = response;
  try {
    const { error } = (await response.json()) as { error: Record<string, string> };
    const { code, message, retry_after_ms } = error;
    if (typeof code === "string" && typeof message === "string") {
      const wait = retry_after_ms === undefined ? undefined : Number(retry_after_ms);
      return new ComityError(code, message, status, wait);
    }
  } catch {
    // What is no refusal of the API is told below.
  }
  return new ComityError("answer_invalid", `The answer was ${status} without a code.`, status);
}

// From the generated `paths` to the types of one request.
import type { paths } from "./generated/openapi.js";

/** The methods of HTTP that the API uses. */
export type Method = "get" | "put" | "post" | "delete" | "patch";

/** The paths that have a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];

type Operation<M extends Method, P extends keyof paths> = paths[P][M];

type Part<O, K extends string> = O extends { parameters: { [k in K]?: infer V } }
  ? [NonNullable<V>] extends [never] ? object : NonNullable<V>
  : object;

/** What stands in the path and the query, by name. */
export type Params<M extends Method, P extends keyof paths> =
  Part<Operation<M, P>, "path"> & Part<Operation<M, P>, "query">;

/** A body: an object, or the bytes of an image. */
export type Body<M extends Method, P extends keyof paths> =
  Operation<M, P> extends { requestBody?: infer B }
    ? NonNullable<B> extends { content: { "application/json": infer J } }
      ? J
      : NonNullable<B> extends { content: { "application/octet-stream": unknown } }
        ? Uint8Array | ArrayBuffer | Blob
        : undefined
    : undefined;

type Content<R> = R extends { content: { "application/json": infer J } }
  ? J
  : R extends { content: { "image/jpeg": unknown } } ? Blob : undefined;

type Responses<O> = O extends { responses: infer R } ? R : never;

type Success<R> = R extends { 200: infer A } ? A
  : R extends { 201: infer A } ? A
    : R extends { 204: infer A } ? A : never;

/** What is answered. */
export type Result<M extends Method, P extends keyof paths> =
  Content<Success<Responses<Operation<M, P>>>>;

/** A request's parameters and body: those may be left out in which nothing is required. */
export type Rest<M extends Method, P extends keyof paths> =
  undefined extends Body<M, P>
    ? object extends Params<M, P>
      ? [params?: Params<M, P>, body?: undefined, options?: RequestOptions]
      : [params: Params<M, P>, body?: undefined, options?: RequestOptions]
    : Operation<M, P> extends { requestBody: unknown }
      ? [params: Params<M, P>, body: Body<M, P>, options?: RequestOptions]
      : [params: Params<M, P>, body?: Body<M, P>, options?: RequestOptions];

/** What one request may have besides. */
export interface RequestOptions {
  /** Ends the request. */
  signal?: AbortSignal;
}

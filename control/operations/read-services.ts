/**
 * GET of services: the list, and one of it.
 */
import { isUnchanged } from "../conditions.ts";
import type { Answer } from "../http/answer.ts";
import { entryOf } from "../service/proposal.ts";
import { type ApiRequest, conditionsOf, type Context } from "./operation.ts";

/** `GET /balto/services`: all of them, by id. */
export function listServices(request: ApiRequest, { writer }: Context): Answer {
  const { resources, etag } = writer.list(writer.snapshot());
  return unlessUnchanged(request, resources, etag);
}

/** `GET /balto/services/{id}` */
export function getService(request: ApiRequest, { writer }: Context): Answer {
  const { resource, etag } = writer.show(entryOf(writer.snapshot().catalog, request.id));
  return unlessUnchanged(request, resource, etag);
}

function unlessUnchanged(request: ApiRequest, body: unknown, etag: string): Answer {
  const fields = { ETag: etag };
  return isUnchanged(conditionsOf(request), etag)
    ? { status: 304, fields }
    : { status: 200, fields, body };
}

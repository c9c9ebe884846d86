/**
 * What only the data plane knows, passed on from it: its backends, and taking one out of traffic.
 */
import type { Answer } from "../http/answer.ts";
import { Refusal } from "../refusal.ts";
import type { ApiRequest, Context, Operation } from "./operation.ts";

/** `GET /balto/backends` */
export const listBackends: Operation = (request, context) =>
  passed(request, context, "GET", "/balto/backends");

/** `POST /balto/backends/{id}/drain` */
export const drainBackend: Operation = (request, context) =>
  passed(request, context, "POST", `/balto/backends/${encodeURIComponent(request.id)}/drain`);

/** `POST /balto/backends/{id}/undrain` */
export const undrainBackend: Operation = (request, context) =>
  passed(request, context, "POST", `/balto/backends/${encodeURIComponent(request.id)}/undrain`);

async function passed(
  _request: ApiRequest,
  { dataPlane }: Context,
  method: "GET" | "POST",
  path: string,
): Promise<Answer> {
  if (dataPlane === undefined) {
    throw new Refusal(503, "this writer was not told of a data plane (--data-plane)");
  }
  try {
    const { status, fields, text } = await dataPlane.ask(method, path);
    const type = fields["content-type"];
    return { status, body: text, fields: type === undefined ? {} : { "Content-Type": type } };
  } catch (error) {
    throw new Refusal(503, "the data plane does not answer", { cause: error });
  }
}

/**
 * POST, PUT, PATCH and DELETE of services, and the question what they would do. Every one of them
 * leaves a line in the log, whatever came of it.
 */
import { digestOf } from "../write/transaction.ts";
import { type Answer, refusedBody } from "../http/answer.ts";
import { readJson } from "../http/body.ts";
import { Refusal } from "../refusal.ts";
import type { Intent } from "../service/proposal.ts";
import type { WriteResult } from "../writer.ts";
import { type ApiRequest, conditionsOf, type Context } from "./operation.ts";

const JSON_TYPES = ["application/json"];
const PATCH_TYPES = ["application/json", "application/merge-patch+json"];

/** `POST /balto/services` */
export async function createService(request: ApiRequest, context: Context): Promise<Answer> {
  const sent = await readJson(request.incoming, JSON_TYPES);
  return written(request, context, { action: "create", sent });
}

/** `PUT /balto/services/{id}` */
export async function replaceService(request: ApiRequest, context: Context): Promise<Answer> {
  const sent = await readJson(request.incoming, JSON_TYPES);
  return written(request, context, { action: "replace", id: request.id, sent });
}

/** `PATCH /balto/services/{id}`: a merge patch, RFC 7396. */
export async function patchService(request: ApiRequest, context: Context): Promise<Answer> {
  const sent = await readJson(request.incoming, PATCH_TYPES);
  return written(request, context, { action: "patch", id: request.id, sent });
}

/** `DELETE /balto/services/{id}` */
export async function removeService(request: ApiRequest, context: Context): Promise<Answer> {
  return written(request, context, { action: "remove", id: request.id });
}

/**
 * `POST /balto/check`: what would become of a service that were created, or replaced where it is there.
 * That it is wrong is an answer, not an error.
 */
export async function checkService(request: ApiRequest, { writer }: Context): Promise<Answer> {
  const sent = await readJson(request.incoming, JSON_TYPES);
  try {
    const result = await writer.write({
      intent: { action: "put", sent },
      conditions: conditionsOf(request),
      dryRun: true,
      author: undefined,
      requestId: request.identity.requestId,
    });
    return { status: 200, body: { valid: true, ...preview(result) } };
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500) throw error;
    return { status: 200, body: { valid: false, ...refusedBody(error) } };
  }
}

async function written(request: ApiRequest, context: Context, intent: Intent): Promise<Answer> {
  const dryRun = isDryRun(request.query);
  const since = performance.now();
  const { identity } = request;
  try {
    const result = await context.writer.write({
      intent,
      conditions: conditionsOf(request),
      dryRun,
      author: identity.author,
      requestId: identity.requestId,
    });
    if (dryRun) return { status: 200, body: { dry_run: true, ...preview(result) } };
    audit(request, context, intent, since, { status: statusOf(result), result });
    return answerOf(result);
  } catch (error) {
    if (!dryRun) {
      const status = error instanceof Refusal ? error.status : 500;
      audit(request, context, intent, since, { status, error: String((error as Error).message) });
    }
    throw error;
  }
}

function isDryRun(query: URLSearchParams): boolean {
  const value = query.get("dry_run") ?? "false";
  if (value === "true" || value === "false") return value === "true";
  throw new Refusal(400, "dry_run is true or false");
}

function answerOf(result: WriteResult): Answer {
  const { resource, etag, digest, commit } = result;
  const fields: Record<string, string> = { "Balto-Digest": digest };
  if (commit !== undefined) fields["Balto-Commit"] = commit;
  if (etag !== undefined) fields["ETag"] = etag;
  if (resource !== undefined && result.action === "create") {
    fields["Location"] = `/balto/services/${resource.id}`;
  }
  const status = statusOf(result);
  return status === 204 ? { status, fields } : { status, fields, body: resource };
}

function statusOf({ action }: WriteResult): number {
  return { create: 201, replace: 200, remove: 204 }[action];
}

function preview(result: WriteResult): Record<string, unknown> {
  const { action, resource, path, diff, digest, diagnostics } = result;
  return {
    action,
    ...(resource && { service: resource }),
    file: path,
    diff,
    digest,
    diagnostics,
  };
}

interface Outcome {
  status: number;
  result?: WriteResult;
  error?: string;
}

/** Who did what to which file, and what it was before and after. */
function audit(
  { identity, id, incoming }: ApiRequest,
  { log }: Context,
  intent: Intent,
  since: number,
  { status, result, error }: Outcome,
): void {
  const { author, actor, client, requestId } = identity;
  log.write(
    error === undefined ? "info" : "warn",
    "audit",
    error === undefined ? "Service written" : "Write refused",
    {
      action: result?.action ?? intent.action,
      method: incoming.method,
      actor,
      client: client === "" ? undefined : client,
      author: author && `${author.name} <${author.email}>`,
      request_id: requestId,
      id: result?.id ?? (id === "" ? undefined : id),
      file: result?.path,
      before: digestOf(result?.before),
      after: digestOf(result?.after),
      digest: result?.digest,
      commit: result?.commit,
      status,
      error,
      milliseconds: Math.round(performance.now() - since),
    },
  );
}

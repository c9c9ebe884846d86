/**
 * `POST /balto/explain`: what becomes of a request, by the tree as it is served, with what the data plane
 * knows of the backends. Nothing is sent.
 */
import { openArtifact } from "../../artifact/view.ts";
import { withStates } from "../../compiler/explain/backend-state.ts";
import { Explainer } from "../../compiler/explain/explanation.ts";
import {
  type Field,
  fieldFault,
  readUrl,
  type Request,
  requestOf,
} from "../../compiler/explain/request.ts";
import { addressGroups } from "../../compiler/resolve/network.ts";
import type { SourceTree } from "../../compiler/source-tree.ts";
import type { DataPlaneClient } from "../data-plane-client.ts";
import type { Answer } from "../http/answer.ts";
import { readJson } from "../http/body.ts";
import { Refusal } from "../refusal.ts";
import type { Writer } from "../writer.ts";
import type { Plain } from "../yaml/reshape.ts";
import type { ApiRequest, Context } from "./operation.ts";

const KEYS = ["method", "url", "headers", "from"];
const FIELDS_MAX = 1_000;

export async function explainRequest(
  { incoming }: ApiRequest,
  { writer, dataPlane }: Context,
): Promise<Answer> {
  const request = readQuestion(await readJson(incoming, ["application/json"]));
  const explanation = explainerOf(writer).explain(request);
  return { status: 200, body: withStates(explanation, await statesOf(dataPlane)) };
}

/** What becomes of requests by the tree that is shown; kept for as long as the tree is. */
function explainerOf(writer: Writer): Explainer {
  const snapshot = writer.snapshot();
  const { tree } = snapshot;
  let explainer = EXPLAINERS.get(tree);
  if (explainer === undefined) {
    explainer = new Explainer(openArtifact(new Uint8Array(writer.artifactOf(snapshot))), tree);
    EXPLAINERS.set(tree, explainer);
  }
  return explainer;
}

const EXPLAINERS = new WeakMap<SourceTree, Explainer>();

/** Undefined where nobody says: the explanation is whole without. */
async function statesOf(dataPlane: DataPlaneClient | undefined): Promise<unknown> {
  try {
    const answer = await dataPlane?.ask("GET", "/balto/backends");
    return answer?.status === 200 ? JSON.parse(answer.text) : undefined;
  } catch {
    return undefined;
  }
}

/** @throws Refusal 400 naming the key */
function readQuestion(body: { [key: string]: Plain }): Request {
  const unknown = Object.keys(body).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new Refusal(400, `unknown key "${unknown}"; known here: ${KEYS.join(", ")}`);
  }
  const { method = "GET", url, headers = [], from = "127.0.0.1" } = body;
  if (typeof method !== "string" || !METHOD.test(method)) {
    throw new Refusal(400, "method is not the name of a method");
  }
  if (typeof url !== "string") throw new Refusal(400, "url is missing, or no text");
  const place = readUrl(url);
  if (typeof place === "string") throw new Refusal(400, `url: ${place}`);
  if (typeof from !== "string" || addressGroups(from) === undefined) {
    throw new Refusal(400, "from is not an IP address");
  }
  const fields = readFields(headers);
  return requestOf(method, place, fields, from);
}

/** A token, RFC 9110 §9.1. */
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;

function readFields(headers: Plain): Field[] {
  if (!Array.isArray(headers) || headers.length > FIELDS_MAX) {
    throw new Refusal(400, `headers is not a list of at most ${FIELDS_MAX}`);
  }
  return headers.map((header, index) => {
    const isField =
      typeof header === "object" &&
      header !== null &&
      !Array.isArray(header) &&
      typeof header["name"] === "string" &&
      typeof header["value"] === "string";
    if (!isField) throw new Refusal(400, `headers[${index}] is not {"name": …, "value": …}`);
    const field = { name: header["name"] as string, value: header["value"] as string };
    const fault = fieldFault(field);
    if (fault !== undefined) throw new Refusal(400, `headers[${index}]: ${fault}`);
    return field;
  });
}

/**
 * Questions to a Balto that runs, over its API. Where it has no such call (an older one, or the data
 * plane alone), its artifact is fetched and asked here.
 */
import { request as send } from "undici";

import { Explainer, type Explanation } from "../compiler/explain/explanation.ts";
import { formatUrl, type Request } from "../compiler/explain/request.ts";
import { Failure, reason } from "./failure.ts";
import { openBytes, type OpenedArtifact } from "./opened-artifact.ts";

/** As much as an artifact may have. */
const BODY_BYTES_MAX = 1 << 30;
const TIMEOUT_MS = 30_000;

/**
 * What becomes of a request there.
 *
 * @throws Failure
 */
export async function explainLive(url: string, request: Request): Promise<Explanation> {
  const { method, fields, peer } = request;
  const body = { method, url: formatUrl(request), headers: fields, from: peer };
  const { status, bytes } = await call(url, "POST", "/balto/explain", JSON.stringify(body));
  if (status === 200) return explanationOf(bytes, url);
  if (status !== 404 && status !== 405) throw refused(url, "/balto/explain", status, bytes);
  const { view } = await openLive(url);
  return new Explainer(view).explain(request);
}

/**
 * The artifact that is being served there.
 *
 * @throws Failure
 */
export async function openLive(url: string): Promise<OpenedArtifact> {
  const path = "/balto/artifact?format=binary";
  const { status, bytes } = await call(url, "GET", path);
  if (status === 404) {
    throw new Failure(
      `${url} has no ${path.split("?")[0]}: it is no Balto, or one without its API`,
      "ask the artifact it was given: --artifact FILE",
    );
  }
  if (status !== 200) throw refused(url, path, status, bytes);
  return {
    name: url,
    view: openBytes(bytes, `the artifact of ${url}`),
    tree: undefined,
    prefix: "",
  };
}

async function call(
  base: string,
  method: "GET" | "POST",
  path: string,
  body?: string,
): Promise<{ status: number; bytes: Uint8Array }> {
  if (!URL.canParse(base) || !/^https?:/.test(base)) {
    throw new Failure(`${base} is no URL`, "for example: http://127.0.0.1:5500");
  }
  try {
    const answer = await send(new URL(path, base), {
      method,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      ...(body === undefined ? {} : { body, headers: { "content-type": "application/json" } }),
    });
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > BODY_BYTES_MAX)
        throw new Error(`its answer is longer than ${BODY_BYTES_MAX} bytes`);
      chunks.push(chunk);
    }
    return { status: answer.statusCode, bytes: new Uint8Array(Buffer.concat(chunks)) };
  } catch (error) {
    throw new Failure(`${base} cannot be asked: ${reason(error)}`);
  }
}

/** Its word for it, where it has one: `{"error":"…"}`. */
function refused(url: string, path: string, status: number, bytes: Uint8Array): Failure {
  let said = "";
  try {
    const answer = JSON.parse(Buffer.from(bytes).toString()) as { error?: unknown };
    if (typeof answer.error === "string") said = `: ${answer.error}`;
  } catch {
    // The status says enough.
  }
  return new Failure(`${url} answered ${status} to ${path.split("?")[0]}${said}`);
}

function explanationOf(bytes: Uint8Array, url: string): Explanation {
  try {
    const answer = JSON.parse(Buffer.from(bytes).toString()) as Explanation;
    if (Array.isArray(answer.near_misses) && typeof answer.status === "number") return answer;
  } catch {
    // As below.
  }
  throw new Failure(`${url} gave no explanation that this Balto understands`);
}

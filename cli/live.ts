/**
 * Questions to a Balto that runs, over its API. Where it has no such call (the data plane alone), its
 * artifact is fetched and asked here.
 */
import { withStates } from "../compiler/explain/backend-state.ts";
import { Explainer, type Explanation } from "../compiler/explain/explanation.ts";
import { formatUrl, type Request } from "../compiler/explain/request.ts";
import { ApiClient } from "./api-client.ts";
import { Failure } from "./failure.ts";
import { openBytes, type OpenedArtifact } from "./opened-artifact.ts";
import type { Terminal } from "./terminal.ts";

/** Statuses of a Balto without a writer: it cannot be asked, or the writer is just away. */
const NO_WRITER = [404, 405, 503];

/**
 * What becomes of a request there, and how the backends do.
 *
 * @throws Failure
 */
export async function explainLive(
  url: string,
  request: Request,
  terminal: Terminal,
): Promise<Explanation> {
  const api = new ApiClient(url, terminal);
  try {
    const { method, fields, peer } = request;
    const body = { method, url: formatUrl(request), headers: fields, from: peer };
    const question = { method: "POST", path: "/balto/explain", body } as const;
    const answer = await api.ask(question);
    if (!NO_WRITER.includes(answer.status)) {
      return explanationOf(api.accept(question, answer).json, url);
    }
    const { view } = await artifactOf(api, url);
    const states = await api.ask({ path: "/balto/backends" });
    return withStates(new Explainer(view).explain(request), states.json);
  } finally {
    await api.close();
  }
}

/**
 * The artifact that is being served there.
 *
 * @throws Failure
 */
export async function openLive(url: string, terminal: Terminal): Promise<OpenedArtifact> {
  const api = new ApiClient(url, terminal);
  try {
    return await artifactOf(api, url);
  } finally {
    await api.close();
  }
}

async function artifactOf(api: ApiClient, url: string): Promise<OpenedArtifact> {
  const question = { path: "/balto/artifact?format=binary" };
  const answer = await api.ask(question);
  if (answer.status === 404) {
    throw new Failure(
      `${url} has no /balto/artifact: it is no Balto, or one without its API`,
      "ask the artifact it was given: --artifact FILE",
    );
  }
  const { bytes } = api.accept(question, answer);
  const view = openBytes(bytes, `the artifact of ${url}`);
  return { name: url, view, tree: undefined, prefix: "" };
}

function explanationOf(json: unknown, url: string): Explanation {
  const answer = json as Explanation | undefined;
  if (Array.isArray(answer?.near_misses) && typeof answer.status === "number") return answer;
  throw new Failure(`${url} gave no explanation that this Balto understands`);
}

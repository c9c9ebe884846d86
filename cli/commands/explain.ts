/** `balto explain`. */
import { Explainer, type Explanation } from "../../compiler/explain/explanation.ts";
import { explanationText } from "../../compiler/explain/explanation-text.ts";
import { readField, readUrl, type Request, requestOf } from "../../compiler/explain/request.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { EXIT_OK } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { explainLive } from "../live.ts";
import { openFile, openFolder } from "../opened-artifact.ts";
import type { Terminal } from "../terminal.ts";

export const explainCommand: AnyCommand = command({
  name: "explain",
  summary: "Say what becomes of a request, and why",
  description: `
Asks the matcher that serves traffic. The answer names the route that takes the request and where it is
written, the request as the backend will see it, the backends that may be picked, each setting with the
place its value comes from, and the routes that nearly took it with the reason why they lost. What the
gateway answers itself (404, 405, 400 and so on) is explained likewise. No request is sent.

METHOD left out is GET. The tree is --tree, by default as for \`balto check\`. --artifact takes a compiled
file; then places of settings are not known. --live asks a Balto that runs.`,
  operand: { name: "METHOD", summary: "The request's method, by default GET" },
  further: [{ name: "URL", summary: "Where the request goes, http:// or https://" }],
  flags: {
    header: {
      type: "string",
      short: "H",
      value: "FIELD",
      summary: "A header field of the request, as in curl",
      repeated: true,
    },
    from: {
      type: "string",
      value: "ADDRESS",
      summary: "The client's address (default: 127.0.0.1)",
    },
    tree: { type: "string", value: "DIR", summary: "Ask this config tree" },
    artifact: { type: "string", value: "FILE", summary: "Ask this artifact" },
    live: { type: "string", value: "URL", summary: "Ask the Balto that listens there" },
    format: {
      type: "string",
      value: "FORMAT",
      choices: ["text", "json"],
      summary: "How to print it",
    },
  },
  examples: [
    "balto explain GET https://api.example.com/api/v1/users/7",
    "balto explain POST http://api.example.com/orders -H 'X-Team: a' --artifact balto.artifact",
    "balto explain http://api.example.com/ --live http://127.0.0.1:5500",
  ],
  run: async ({ operands, flags, terminal }) => {
    const request = readRequest(operands, flags.header, flags.from);
    const { tree, artifact, live } = flags;
    if ([tree, artifact, live].filter((source) => source !== undefined).length > 1) {
      throw new UsageError("--tree, --artifact and --live exclude each other");
    }
    const { explanation, prefix } =
      live === undefined
        ? explainHere(request, { tree, artifact }, terminal)
        : { explanation: await explainLive(live, request, terminal), prefix: "" };
    if (flags.format === "json") terminal.out(`${JSON.stringify(explanation, null, 2)}\n`);
    else {
      const { outColour: colour, columns } = terminal;
      terminal.out(explanationText(explanation, { colour, columns, prefix }));
    }
    return EXIT_OK;
  },
});

function explainHere(
  request: Request,
  { tree, artifact }: { tree: string | undefined; artifact: string | undefined },
  terminal: Terminal,
): { explanation: Explanation; prefix: string } {
  const opened = artifact === undefined ? openFolder(tree, terminal) : openFile(artifact);
  const explainer = new Explainer(opened.view, opened.tree);
  return { explanation: explainer.explain(request), prefix: opened.prefix };
}

/** @throws UsageError */
function readRequest(
  operands: readonly string[],
  headers: readonly string[],
  from: string | undefined,
): Request {
  const example = `for example: ${explainCommand.examples[0]}`;
  const [method, url] = operands.length < 2 ? ["GET", operands[0]] : operands;
  if (url === undefined || method === undefined) {
    throw new UsageError("URL is missing: which request should be explained?", [example]);
  }
  const place = readUrl(url);
  if (typeof place === "string") throw new UsageError(place, [example]);
  const fields = headers.map((text) => {
    const field = readField(text);
    if (typeof field === "string")
      throw new UsageError(`-H ${field}`, ["for example: -H 'X-Team: a'"]);
    return field;
  });
  return requestOf(method, place, fields, from ?? "127.0.0.1");
}

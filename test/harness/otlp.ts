// OTLP: a receiver of spans as a process of its own, and what it has taken.

import { fileURLToPath } from "node:url";

import { startChild } from "./children.ts";
import { until } from "./until.ts";

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code?: number };
  /** Attributes by key, numbers as numbers. */
  values: Record<string, string | number>;
  /** Attributes of what sent it. */
  resource: Record<string, string | number>;
}

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: string };
}

export class OtlpReceiver {
  port = 0;
  readonly spans: ReceivedSpan[] = [];
  /** What it has refused, and why. */
  readonly refused: string[] = [];

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  take(line: string): void {
    const said = JSON.parse(line) as {
      port?: number;
      refused?: string;
      resourceSpans?: {
        resource: { attributes: Attribute[] };
        scopeSpans: { spans: (ReceivedSpan & { attributes: Attribute[] })[] }[];
      }[];
    };
    if (said.port !== undefined) this.port = said.port;
    if (said.refused !== undefined) this.refused.push(said.refused);
    for (const { resource, scopeSpans } of said.resourceSpans ?? []) {
      for (const { attributes, ...span } of scopeSpans.flatMap(({ spans }) => spans)) {
        const values = valuesOf(attributes);
        this.spans.push({ ...span, values, resource: valuesOf(resource.attributes) });
      }
    }
  }
}

/** Starts one that answers these statuses first. */
export async function startOtlpReceiver(...statuses: number[]): Promise<OtlpReceiver> {
  const entry = fileURLToPath(new URL("./otlp-receiver.ts", import.meta.url));
  const { child } = startChild(process.execPath, [entry, ...statuses.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const receiver = new OtlpReceiver();
  let rest = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) receiver.take(line);
  });
  await until("the receiver listens", () => receiver.port !== 0);
  return receiver;
}

function valuesOf(attributes: Attribute[]): Record<string, string | number> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]),
  );
}

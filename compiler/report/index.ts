/** The report formats by name. A new one is a file of its own and a row here. */
import type { Formatter } from "./formatter.ts";
import { github } from "./github.ts";
import { json } from "./json.ts";
import { sarif } from "./sarif.ts";
import { text } from "./text.ts";

export type { ReportInput } from "./formatter.ts";
export { counted } from "./counted.ts";
export { summary } from "./summary.ts";

export const REPORT_FORMATS = ["text", "json", "sarif", "github"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export const formatters: Readonly<Record<ReportFormat, Formatter>> = { text, json, sarif, github };

/**
 * CORS (https://fetch.spec.whatwg.org/#http-cors-protocol): which origins may read answers, and the
 * answer to a preflight. Balto's word replaces the backend's.
 */
import type { Settings } from "../../artifact/model.ts";
import { equals, equalsFolded, latin1 } from "./bytes.ts";
import { FIELD } from "./fields.ts";
import type { RequestHead } from "./request-head.ts";

/** How long a browser may keep the answer to a preflight, seconds. Chromium's own limit. */
const PREFLIGHT_SECONDS = 7200;

export class Cors {
  readonly #any: boolean;
  readonly #origins: ReadonlySet<string>;

  /** Undefined where it is switched off. */
  static of({ cors }: Settings): Cors | undefined {
    return cors.enabled ? new Cors(cors.allowedOrigins) : undefined;
  }

  private constructor(origins: readonly string[]) {
    this.#any = origins.includes("*");
    this.#origins = new Set(origins);
  }

  /** The field lines that every answer to this request carries. */
  answerLines(bytes: Buffer, head: RequestHead): string {
    if (this.#any) return "Access-Control-Allow-Origin: *\r\n";
    const origin = valueOf(bytes, head, ORIGIN);
    const allowed = origin !== undefined && this.#origins.has(origin);
    return `${allowed ? `Access-Control-Allow-Origin: ${origin}\r\n` : ""}Vary: Origin\r\n`;
  }

  /** The further lines of the answer to a preflight; undefined where the request is none. */
  preflightLines(bytes: Buffer, head: RequestHead): string | undefined {
    if (!equals(bytes, head.methodStart, head.methodEnd, OPTIONS)) return undefined;
    const method = valueOf(bytes, head, REQUEST_METHOD);
    if (method === undefined || valueOf(bytes, head, ORIGIN) === undefined) return undefined;
    const fields = valueOf(bytes, head, REQUEST_HEADERS);
    return (
      `Access-Control-Allow-Methods: ${method}\r\n` +
      (fields === undefined ? "" : `Access-Control-Allow-Headers: ${fields}\r\n`) +
      `Access-Control-Max-Age: ${PREFLIGHT_SECONDS}\r\n`
    );
  }
}

/** The value of the first field of a name; values have been checked to hold no control characters. */
function valueOf(bytes: Buffer, { fields }: RequestHead, name: Buffer): string | undefined {
  for (let i = 0; i < fields.count; i++) {
    if (fields.kind[i] !== FIELD.OTHER) continue;
    if (!equalsFolded(bytes, fields.nameStart[i]!, fields.nameEnd[i]!, name)) continue;
    return latin1(bytes, fields.valueStart[i]!, fields.valueEnd[i]!);
  }
  return undefined;
}

const OPTIONS = Buffer.from("OPTIONS");
const ORIGIN = Buffer.from("origin");
const REQUEST_METHOD = Buffer.from("access-control-request-method");
const REQUEST_HEADERS = Buffer.from("access-control-request-headers");

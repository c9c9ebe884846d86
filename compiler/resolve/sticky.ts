/**
 * Sticky sessions. The key that signs the cookies is named, never written.
 */
import { COOKIE_SECURE, SAME_SITES, type StickyPolicy } from "../../artifact/model.ts";
import { POOL_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Sticky } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { Block, type Draft } from "./block.ts";
import { controlFault, cookiePathFault, httpTextReader, tokenFault } from "./http-text.ts";
import { durationKey, readTruth, wordReader } from "./scalar.ts";
import { referringText } from "./text.ts";

export type StickyDraft = Draft<StickySettings>;

interface StickySettings extends StickyPolicy {
  enabled: boolean;
}

const DEFAULTS = POOL_DEFAULTS.load_balancing.sticky;

const BLOCK = new Block<Sticky, StickySettings>({
  enabled: { key: "enabled", read: readTruth, fallback: DEFAULTS.enabled },
  cookie: {
    key: "cookie",
    read: httpTextReader("name of the cookie", tokenFault),
    fallback: DEFAULTS.cookie,
  },
  secret: { key: "secret", read: readSecret, fallback: "" },
  ttlMs: durationKey("ttl", DEFAULTS.ttl, 0),
  path: {
    key: "path",
    read: httpTextReader("path of the cookie", cookiePathFault),
    fallback: DEFAULTS.path,
  },
  secure: { key: "secure", read: readSecure, fallback: DEFAULTS.secure },
  sameSite: { key: "same_site", read: wordReader(SAME_SITES), fallback: DEFAULTS.same_site },
});

/** Reads a block of sticky sessions. */
export function readSticky(
  node: YamlNode | undefined,
  log: DiagnosticLog,
): StickyDraft | undefined {
  return BLOCK.read(node, log);
}

/** What holds; undefined where sticky sessions are off. */
export function completeSticky(
  own: StickyDraft | undefined,
  global: StickyDraft | undefined,
  log: DiagnosticLog,
): StickyPolicy | undefined {
  const nearest = own ?? global;
  if (nearest === undefined) return undefined;
  const { enabled, ...policy } = BLOCK.complete(own, global);
  if (!enabled) return undefined;
  if (policy.secret === "") log.report("BAL3021", nearest.at, {});
  return policy;
}

/** One reference and nothing else: a default, or text beside it, would be a part of the secret. */
function readSecret(node: YamlNode, log: DiagnosticLog): string | undefined {
  const read = referringText(node, log);
  // What is wrong is not missing as well.
  if (read === undefined) return "?";
  const fault = controlFault(read.text);
  if (fault !== undefined) {
    log.report("BAL3009", node, { reason: `it ${fault}` });
    return "?";
  }
  const [part, ...more] = read.parts;
  const isReference =
    part?.kind === "file" || (part?.kind === "env" && part.fallback === undefined);
  if (isReference && more.length === 0) return read.text;
  const hint = "write ${env:NAME} or ${file:/path} alone, and change this secret now";
  log.report("BAL3011", node, { what: "the secret of sticky sessions", hint });
  return "?";
}

function readSecure(node: YamlNode): StickyPolicy["secure"] | undefined {
  const value = node.kind === "scalar" ? String(node.value) : "";
  return COOKIE_SECURE.find((word) => word === value);
}

/**
 * The `api` block: what the tree says to the process that writes it. No part of the artifact.
 */
import { CONFIG_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Api, ApiGit } from "../../schema/types.gen.ts";
import { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { field } from "./field.ts";
import { readOrigins } from "./origins.ts";
import { readFlag } from "./scalar.ts";
import { plainText } from "./text.ts";

/** The block with every default filled in. */
export interface ApiSettings {
  requireIfMatch: boolean;
  allowLinkLocal: boolean;
  /** In lower case, sorted. */
  allowedOrigins: string[];
  git: { enabled: boolean; author: Author };
}

/** Who made a change, as git has it. */
export interface Author {
  name: string;
  email: string;
}

/** Reads the block. */
export function readApi(node: YamlNode | undefined, log: DiagnosticLog): ApiSettings {
  const defaults = CONFIG_DEFAULTS.api;
  const git = field<Api>(node, "git");
  return {
    requireIfMatch: readFlag(field<Api>(node, "require_if_match"), defaults.require_if_match),
    allowLinkLocal: readFlag(field<Api>(node, "allow_link_local"), defaults.allow_link_local),
    allowedOrigins: readOrigins(field<Api>(node, "allowed_origins"), log),
    git: {
      enabled: readFlag(field<ApiGit>(git, "enabled"), defaults.git.enabled),
      author: readAuthor(field<ApiGit>(git, "author"), log),
    },
  };
}

/** Reads `Name <address>`; a text is the reason why it is none. */
export function parseAuthor(text: string): Author | string {
  if (text.length > AUTHOR_LENGTH_MAX) return `is longer than ${AUTHOR_LENGTH_MAX} characters`;
  const match = /^\s*([^<>]*?)\s*<([^<>\s]+)>\s*$/.exec(text);
  if (match === null) return "has no address in angle brackets at its end";
  const [, name = "", email = ""] = match;
  if (name === "") return "has no name before its address";
  // A line end in it would add lines of its own to the commit.
  if (/[\p{Cc}\u2028\u2029]/u.test(name + email)) return "holds a control character";
  return { name, email };
}

const AUTHOR_LENGTH_MAX = 200;

/** Of a tree without the block. */
export const DEFAULT_API: ApiSettings = readApi(undefined, new DiagnosticLog());

function readAuthor(node: YamlNode | undefined, log: DiagnosticLog): Author {
  const fallback = parseAuthor(CONFIG_DEFAULTS.api.git.author) as Author;
  const text = plainText(node);
  if (node === undefined || text === undefined) return fallback;
  const author = parseAuthor(text);
  if (typeof author !== "string") return author;
  log.report("BAL3060", node, { author: text, reason: author });
  return fallback;
}

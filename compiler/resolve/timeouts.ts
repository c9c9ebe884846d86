/**
 * Timeouts of a service: its `timeouts` block over that of `global`, as far as both have a key.
 */
import type { Timeouts } from "../../artifact/model.ts";
import { SERVICE_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { BackendTimeouts, GlobalTimeouts } from "../../schema/types.gen.ts";
import { Block, type Draft } from "./block.ts";
import { durationKey } from "./scalar.ts";

export type TimeoutsDraft = Draft<Timeouts>;

/** The limits that `global` has for services, too; its `read` and `write` are the client's. */
export type SharedTimeouts = Omit<Timeouts, "readMs" | "writeMs">;

const DEFAULTS = SERVICE_DEFAULTS.timeouts;

export const SERVICE_TIMEOUTS = new Block<BackendTimeouts, Timeouts>({
  connectMs: durationKey("connect", DEFAULTS.connect, 1),
  responseMs: durationKey("response", DEFAULTS.response, 1),
  readMs: durationKey("read", DEFAULTS.read, 1),
  writeMs: durationKey("write", DEFAULTS.write, 1),
  requestMs: durationKey("request", DEFAULTS.request, 0),
  tunnelMs: durationKey("tunnel", DEFAULTS.tunnel, 1),
});

export const GLOBAL_TIMEOUTS = new Block<GlobalTimeouts, SharedTimeouts>({
  connectMs: durationKey("connect", DEFAULTS.connect, 1),
  responseMs: durationKey("response", DEFAULTS.response, 1),
  requestMs: durationKey("request", DEFAULTS.request, 0),
  tunnelMs: durationKey("tunnel", DEFAULTS.tunnel, 1),
});

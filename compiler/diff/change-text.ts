/**
 * Changes in words, shared by the text for terminals and the one for pull requests.
 */
import { routeLine } from "../explain/route-ref.ts";
import type { Change } from "./change.ts";
import type { Diff, DiffClass, Outcome } from "./diff.ts";
import { percent } from "./percent.ts";
import type { StreamClass } from "./streams.ts";

/** `now answered 404 by the gateway`: what changes, without details. */
export function changeTitle(change: Change): string {
  switch (change.kind) {
    case "refused":
      return `now answered ${change.status} by the gateway`;
    case "new":
      return `now taken by a route, was answered ${change.status}`;
    case "other-refusal":
      return change.before === change.after
        ? `still answered ${change.after}, with another Allow`
        : `now answered ${change.after}, was answered ${change.before}`;
    case "pool":
      return "now other backends";
    case "backends":
      return "backends come or go";
    case "weights":
      return "now other weights";
    case "rewrite":
      return `now rewritten otherwise: ${change.what.join(", ")}`;
    case "policy":
      return "now another policy";
  }
}

/** One line a detail; nothing where the title says all. */
export function changeDetails(change: Change): string[] {
  switch (change.kind) {
    case "pool":
    case "backends":
      return [...change.removed.map((url) => `- ${url}`), ...change.added.map((url) => `+ ${url}`)];
    case "weights":
      return change.shares.map(({ url, before, after }) => {
        return `${url}  ${percent(before)} → ${percent(after)}`;
      });
    case "policy":
      return change.settings.map(({ key, before, after }) => `${key}  ${before} → ${after}`);
    case "refused":
    case "new":
    case "other-refusal":
    case "rewrite":
      return [];
  }
}

/** `3 classes of requests change: 1 high risk, 2 low`; `no request changes`. */
export function diffSummary({ classes, streams, gateway, is_complete }: Diff): string {
  const parts = (["high", "medium", "low"] as const).flatMap((risk) => {
    const count = classes.filter((each) => each.risk === risk).length;
    return count === 0 ? [] : [`${count} of ${risk} risk`];
  });
  const requests =
    classes.length === 0
      ? "no request changes"
      : `${classes.length} class${classes.length === 1 ? " of requests changes" : "es of requests change"}: ${parts.join(", ")}`;
  const others =
    streams.length === 0
      ? ""
      : `; ${streams.length} stream${streams.length === 1 ? " changes" : "s change"}`;
  const settings =
    gateway.length === 0
      ? ""
      : `; ${gateway.length} setting${gateway.length === 1 ? "" : "s"} of the gateway`;
  const rest = is_complete ? "" : "; there were too many combinations to try all";
  return requests + others + settings + rest;
}

/** `redis on tcp :6379 is no longer there`. */
export function streamTitle({ stream, witness, kind }: StreamClass): string {
  const what = {
    removed: "is no longer there",
    changed: "fares otherwise",
    added: "is new",
  }[kind];
  return `${stream} on ${witness} ${what}`;
}

/** Classes with the same changes, in the order of the first of each. */
export function groupByChange(classes: readonly DiffClass[]): DiffClass[][] {
  const groups = new Map<string, DiffClass[]>();
  for (const each of classes) {
    const key = JSON.stringify(each.changes);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups.values()];
}

/** The route of an outcome, or the answer. */
export function outcomeText({ status, route, allow }: Outcome): string {
  if (route !== null) return `${route.service}  ${routeLine(route)}`;
  return allow.length === 0 ? String(status) : `${status}, Allow: ${allow.join(", ")}`;
}

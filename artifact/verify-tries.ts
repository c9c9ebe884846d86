/**
 * Verifies what single fields cannot say: that the nodes are trees no deeper than a pattern, that
 * each node is entered in one way only, and that a route has one name for each parameter on the way
 * to it. Runs after every field is known to be within its section.
 */
import { ArtifactError } from "./artifact-error.ts";
import { HAS_LITERALS, HAS_PARAMETER, NONE, offsetsOf, strideOf, type Tables } from "./layout.ts";
import { PATTERN_SEGMENTS_MAX } from "./pattern.ts";

const NODE = offsetsOf("nodes");
const NODE_STRIDE = strideOf("nodes");
const HOST = offsetsOf("hosts");
const HOST_STRIDE = strideOf("hosts");
const LEVEL = offsetsOf("levels");
const LEVEL_STRIDE = strideOf("levels");
const CANDIDATE = offsetsOf("candidates");
const CANDIDATE_STRIDE = strideOf("candidates");
const ROUTE = offsetsOf("routes");
const ROUTE_STRIDE = strideOf("routes");
const SERVICE = offsetsOf("services");
const SERVICE_STRIDE = strideOf("services");
const WORD = offsetsOf("words");
const WORD_STRIDE = strideOf("words");

/** @throws ArtifactError */
export function verifyTries(view: Tables): void {
  const { nodes, hosts, levels } = view;
  const parameters = verifyShape(nodes);
  let before = -1;
  const verifyRoot = (root: number) => {
    if (root <= before || nodes[root * NODE_STRIDE + NODE.parent] !== NONE) {
      throw new ArtifactError("its hosts have not each the root of a trie, in order");
    }
    before = root;
  };
  let level = 0;
  for (let at = 0; at < hosts.length; at += HOST_STRIDE) {
    verifyRoot(hosts[at + HOST.root]!);
    const lower = hosts[at + HOST.lower]!;
    if (lower === NONE) continue;
    if (lower !== level)
      throw new ArtifactError("its hosts have not each their own levels, in order");
    for (let more = 1; more !== 0; level++) {
      verifyRoot(levels[level * LEVEL_STRIDE + LEVEL.root]!);
      more = levels[level * LEVEL_STRIDE + LEVEL.more]!;
    }
  }
  if (level !== levels.length / LEVEL_STRIDE) {
    throw new ArtifactError("some of its levels belong to no host");
  }
  verifyCandidates(view, parameters);
}

/** Returns for each node how many parameters the way to it has. */
function verifyShape(nodes: Uint32Array): Uint8Array {
  const count = nodes.length / NODE_STRIDE;
  const depths = new Uint8Array(count);
  const parameters = new Uint8Array(count);
  for (let row = 0, at = 0; row < count; row++, at += NODE_STRIDE) {
    const hasParameter = (nodes[at + NODE.children]! & HAS_PARAMETER) !== 0;
    // Beyond the last row there is nothing, and nothing has no parent.
    if (hasParameter && nodes[at + NODE_STRIDE + NODE.parent] !== row) {
      throw new ArtifactError(
        `its node ${row} has a parameter, and the next node is not its child`,
      );
    }
    const parent = nodes[at + NODE.parent]!;
    // Text 0 is "", which no segment of a path is: a node is either a literal or the parameter.
    const isUnnamed = nodes[at + NODE.label] === 0;
    if (parent === NONE) {
      if (!isUnnamed) throw new ArtifactError(`its node ${row} is a root with a label`);
      continue;
    }
    if (parent >= row) throw new ArtifactError(`its node ${row} stands before its parent`);
    const ofParent = nodes[parent * NODE_STRIDE + NODE.children]!;
    const isParameter = (ofParent & HAS_PARAMETER) !== 0 && parent + 1 === row;
    if (isParameter !== isUnnamed) {
      throw new ArtifactError(`its node ${row} is both a literal and a parameter, or neither`);
    }
    if (!isParameter && (ofParent & HAS_LITERALS) === 0) {
      throw new ArtifactError(`its node ${row} is a literal, and its parent says it has none`);
    }
    depths[row] = depths[parent]! + 1;
    parameters[row] = parameters[parent]! + (isParameter ? 1 : 0);
    if (depths[row]! > PATTERN_SEGMENTS_MAX) throw new ArtifactError(`its node ${row} is too deep`);
  }
  return parameters;
}

/** Candidates stand in the order of the nodes they belong to, so each belongs to one terminal. */
function verifyCandidates(view: Tables, parameters: Uint8Array): void {
  const { nodes, candidates, routes, services } = view;
  const lengths = listLengths(view.words);
  const count = candidates.length / CANDIDATE_STRIDE;
  let next = 0;
  const verifyList = (first: number, row: number) => {
    if (first === NONE) return;
    if (first !== next) throw new ArtifactError(`its node ${row} has candidates of another`);
    for (let more = 1; more !== 0; next++) {
      const at = next * CANDIDATE_STRIDE;
      const names = routes[candidates[at + CANDIDATE.route]! * ROUTE_STRIDE + ROUTE.parameters]!;
      if ((names === NONE ? 0 : lengths[names]!) !== parameters[row]) {
        throw new ArtifactError(`a route of its node ${row} has a wrong number of parameters`);
      }
      more = candidates[at + CANDIDATE.more]!;
    }
  };
  for (let row = 0, at = 0; at < nodes.length; row++, at += NODE_STRIDE) {
    verifyList(nodes[at + NODE.exact]!, row);
    verifyList(nodes[at + NODE.rest]!, row);
  }
  if (next !== count) throw new ArtifactError("some of its candidates belong to no node");
  let domains = 0;
  for (let at = SERVICE.domains; at < services.length; at += SERVICE_STRIDE) {
    domains += services[at] === NONE ? 0 : lengths[services[at]!]!;
  }
  if (domains !== count) throw new ArtifactError("its services have not one candidate a domain");
}

/** How long the list is that begins at each row of words. */
function listLengths(words: Uint32Array): Uint32Array {
  const lengths = new Uint32Array(words.length / WORD_STRIDE);
  for (let row = lengths.length - 1; row >= 0; row--) {
    lengths[row] = words[row * WORD_STRIDE + WORD.more] === 0 ? 1 : lengths[row + 1]! + 1;
  }
  return lengths;
}

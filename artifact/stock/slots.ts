/** The two tables of an artifact by which hosts and nodes are found: open addressing, linear probing. */
import { edgeHash, hostHash, slotCount } from "../hash.ts";
import { HOST_ANY, NONE, offsetsOf, strideOf } from "../layout.ts";
import type { Texts } from "./strings.ts";

const HOST = offsetsOf("hosts");
const HOST_STRIDE = strideOf("hosts");
const NODE = offsetsOf("nodes");
const NODE_STRIDE = strideOf("nodes");

/** `hostSlots` of the hosts of an artifact. */
export function hostSlots(hosts: Uint32Array, texts: Texts): Uint32Array {
  const table = new Slots(hosts.length / HOST_STRIDE);
  for (let row = 0, at = 0; at < hosts.length; row++, at += HOST_STRIDE) {
    const kind = hosts[at + HOST.kind]!;
    if (kind === HOST_ANY) continue;
    const { bytes, ends } = texts;
    const name = hosts[at + HOST.name]!;
    table.add(hostHash(kind, bytes.subarray(ends[name - 1], ends[name])), row);
  }
  return table.slots;
}

/** `edgeSlots` of the nodes of an artifact: those that are found by a label, which roots and parameters are not. */
export function edgeSlots(nodes: Uint32Array, { bytes, ends }: Texts): Uint32Array {
  const table = new Slots(nodes.length / NODE_STRIDE);
  for (let row = 0, at = 0; at < nodes.length; row++, at += NODE_STRIDE) {
    const label = nodes[at + NODE.label]!;
    if (label === 0) continue;
    table.add(edgeHash(nodes[at + NODE.parent]!, bytes, ends[label - 1]!, ends[label]!), row);
  }
  return table.slots;
}

class Slots {
  readonly slots: Uint32Array;

  constructor(count: number) {
    this.slots = new Uint32Array(slotCount(count)).fill(NONE);
  }

  add(hash: number, row: number): void {
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    while (this.slots[slot] !== NONE) slot = (slot + 1) & mask;
    this.slots[slot] = row;
  }
}

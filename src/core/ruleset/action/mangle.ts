import type { StepKind } from "../kind.js"
import type { ExpressionNode } from "../node.js"
import { BREAK, CONTINUE } from "../runtime.js"
import { mangleRaw } from "./mangle-bits.js"
import { mangleConnection, mangleMeta } from "./mangle-meta.js"
import { manglePayload } from "./mangle-payload.js"
import { mangleTcpOption } from "./mangle-tcp-option.js"
import type { Store } from "./store.js"

/** `… set …`: writes a value on the packet, its connection or what the kernel notes beside it. A constant mark is a node of its own (mark.ts). */
export interface MangleNode {
  readonly step: "mangle"
  readonly target: ExpressionNode
  readonly value: ExpressionNode
}

/** Who writes what; the rest is left as it is, and the rule goes on. */
const stores: {
  readonly [Name in ExpressionNode["expression"]]?: (
    node: Extract<ExpressionNode, { expression: Name }>,
  ) => Store | undefined
} = {
  meta: mangleMeta,
  ct: mangleConnection,
  payload: manglePayload,
  "raw-payload": mangleRaw,
  "tcp-option": mangleTcpOption,
}

/** Fields that no packet is sorted by. */
const harmless = ["saddr", "daddr", "sport", "dport", "dscp", "ecn", "ttl", "hoplimit", "id", "checksum"]

/** The statement's own name for the value: constants stand bare, and are written by the target's types. */
export const mangle: StepKind<MangleNode> = {
  name: "mangle",
  toNft(node, write) {
    const { value } = node
    const types = write.types(node.target)
    const isBare = types[0] === "boolean" && value.expression === "constant"
    // A bit is written as 0 or 1 here, and not as something that exists.
    const text = isBare
      ? String(value.value[0])
      : value.expression === "constant"
        ? write.item({ value: value.value }, types)
        : write.expression(value)
    return `${write.expression(node.target)} set ${text}`
  },
  needsConntrack: (node) => node.target.expression === "ct",
  assumes: (node) =>
    storeOf(node) || isUnseen(node.target) ? undefined : "it is not written: the rule goes on",
  worksBeforeConntrack: ({ target }) => target.expression === "ct" && target.key === "zone",
  changesSort: ({ target }) =>
    target.expression === "raw-payload" ||
    (target.expression === "payload" && !harmless.includes(target.field)),
  compile(node, build) {
    const load = build.load(node.value)
    const store = storeOf(node)
    if (!store) return (packet, run) => (load(packet, run, 0) ? CONTINUE : BREAK)
    return (packet, run) => (load(packet, run, 0) && store(packet, run) ? CONTINUE : BREAK)
  },
  manual: {
    title: "Setting fields",
    text: "Writes a value into a header field, a TCP option, a mark, a connection's labels or zone. Later rules see what was written.",
    example: "tcp flags syn tcp option maxseg size set rt mtu",
  },
}

function storeOf({ target }: MangleNode): Store | undefined {
  const make = stores[target.expression] as ((target: ExpressionNode) => Store | undefined) | undefined
  return make?.(target)
}

/** Whether a packet is traced, and which events of a connection are told: no rule can ask for either. */
function isUnseen(target: ExpressionNode): boolean {
  if (target.expression === "meta") return target.key === "nftrace"
  return target.expression === "ct" && target.key === "event"
}

import { printAddress } from "../../../base/address.js"
import type { CtNode } from "../../expression/ct.js"
import { ctState } from "../../expression/ct.js"
import {
  always,
  colonRange,
  maskedValue,
  match,
  never,
  rangesOf,
  type XtCondition,
  type XtTest,
  type XtWriter,
} from "./condition.js"

/** What conntrack knows: `-m conntrack`, `-m connmark`. */
export function ctToXtables(node: CtNode, test: XtTest, writer: XtWriter): XtCondition {
  const { family } = writer
  const negated = test.operator === "!="
  switch (node.key) {
    case "state":
    case "status": {
      const isState = node.key === "state"
      const asked = bitsAsked(test, isState ? 0x4f : 0xfff)
      if (!asked) break
      // Whether an address was changed is asked among the states. Without a connection nft's rule does not match, and `! --ctstate DNAT` would.
      const changed = isState || !asked.any ? undefined : namesOf(asked.bits, changes)
      if (changed && changed.length > 0) return [[match(family, "conntrack", ["ctstate", changed.join(",")])]]
      const names = isState ? namesOf(asked.bits, ctState) : namesOf(asked.bits, statuses)
      if (!names) break
      if (names.length === 0) return asked.any ? never : always
      return [[match(family, "conntrack", [isState ? "ctstate" : "ctstatus", names.join(","), !asked.any])]]
    }
    case "direction": {
      const asked = maskedValue(test, "ct_dir")
      if (!asked || test.mask) break
      const isReply = (asked.value === 1) !== negated
      return [[match(family, "conntrack", ["ctdir", isReply ? "REPLY" : "ORIGINAL"])]]
    }
    case "mark": {
      const asked = maskedValue(test, "mark")
      if (!asked) break
      const hex = (value: number) => `0x${(value >>> 0).toString(16)}`
      const text =
        asked.mask >>> 0 === 0xffffffff ? hex(asked.value) : `${hex(asked.value)}/${hex(asked.mask)}`
      return [[match(family, "connmark", ["mark", text, negated])]]
    }
    case "ip saddr":
    case "ip daddr":
    case "ip6 saddr":
    case "ip6 daddr": {
      if (node.key.startsWith("ip6") !== (family === 6)) return never
      const [item] = test.items
      if (test.items.length !== 1 || !item || test.mask) break
      const words = "value" in item ? item.value : "prefix" in item ? item.prefix : undefined
      if (!words || typeof words === "string") break
      const length = "prefix" in item ? `/${item.length}` : ""
      const option = `ct${node.direction === "reply" ? "repl" : "orig"}${node.key.endsWith("saddr") ? "src" : "dst"}`
      return [[match(family, "conntrack", [option, `${printAddress({ family, words })}${length}`, negated])]]
    }
    case "proto-src":
    case "proto-dst": {
      const ranges = test.mask ? undefined : rangesOf(test, 16)
      if (!ranges) break
      const option = `ct${node.direction === "reply" ? "repl" : "orig"}${node.key === "proto-src" ? "srcport" : "dstport"}`
      return ranges.map((range) => [match(family, "conntrack", [option, colonRange(range)])])
    }
    case "protocol": {
      const asked = maskedValue(test, "inet_proto")
      if (!asked || test.mask) break
      return [[match(family, "conntrack", ["ctproto", String(asked.value), negated])]]
    }
  }
  return { unsupported: `iptables has no words for this question about ct ${node.key}` }
}

const statuses = { EXPECTED: 1, SEEN_REPLY: 2, ASSURED: 4, CONFIRMED: 8 } as const

const changes = { SNAT: 16, DNAT: 32 } as const

/** `state & bits != 0` (any of them), `== 0` (none), and one of a list of states, which are single bits. */
function bitsAsked(test: XtTest, all: number): { bits: number; any: boolean } | undefined {
  if (test.operator !== "==" && test.operator !== "!=") return undefined
  if (test.mask) {
    const value = maskedValue(test, "ct_state")
    if (!value) return undefined
    const bits = value.mask & all
    if (value.value === 0) return { bits, any: test.operator === "!=" }
    // A single bit under its own mask.
    return value.value === bits && (bits & (bits - 1)) === 0
      ? { bits, any: test.operator === "==" }
      : undefined
  }
  let bits = 0
  for (const item of test.items) {
    if (!("value" in item) || typeof item.value === "string") return undefined
    const [value = 0] = item.value
    if ((value & (value - 1)) !== 0) return undefined
    bits |= value
  }
  return { bits, any: test.operator === "==" }
}

function namesOf(bits: number, names: Readonly<Record<string, number>>): string[] | undefined {
  let rest = bits
  const found = Object.entries(names).flatMap(([name, bit]) => {
    if ((bits & bit) === 0) return []
    rest &= ~bit
    return [name.toUpperCase()]
  })
  return rest === 0 ? found : undefined
}

import type { MetaNode } from "../../expression/meta.js"
import {
  always,
  colonRange,
  header,
  maskedValue,
  match,
  never,
  rangesOf,
  type XtCondition,
  type XtTest,
  type XtWriter,
} from "./condition.js"
import { protocolToXtables } from "./payload.js"

/** What the kernel knows besides the packet's bytes. The IP version is settled: there is a text for each. */
export function metaToXtables(node: MetaNode, test: XtTest, writer: XtWriter): XtCondition {
  const { family } = writer
  switch (node.key) {
    case "nfproto":
      return settled(test, family === 4 ? 2 : 10, 8)
    case "protocol":
      return settled(test, family === 4 ? 0x0800 : 0x86dd, 16)
    case "l4proto":
      return protocolToXtables(test, writer)
    case "iif":
    case "iifname":
      return device("input", test, writer)
    case "oif":
    case "oifname":
      return device("output", test, writer)
    case "mark": {
      const asked = maskedValue(test, "mark")
      if (!asked) return { unsupported: "iptables compares a mark with one value, under a mask" }
      const hex = (value: number) => `0x${(value >>> 0).toString(16)}`
      const text =
        asked.mask >>> 0 === 0xffffffff ? hex(asked.value) : `${hex(asked.value)}/${hex(asked.mask)}`
      return [[match(family, "mark", ["mark", text, test.operator === "!="])]]
    }
    case "length": {
      const ranges = rangesOf(test, 32)
      if (!ranges || test.mask) break
      return ranges.flatMap(([from, to]) =>
        from > 65535 ? [] : [[match(family, "length", ["length", colonRange([from, Math.min(to, 65535)])])]],
      )
    }
    case "pkttype": {
      const asked = maskedValue(test, "pkt_type")
      const name = asked && deliveries[asked.value]
      if (!name || test.mask) break
      return [[match(family, "pkttype", ["pkt-type", name, test.operator === "!="])]]
    }
  }
  return { unsupported: `iptables has no words for meta ${node.key}` }
}

const deliveries: readonly (string | undefined)[] = ["unicast", "broadcast", "multicast"]

function settled(test: XtTest, known: number, bits: number): XtCondition {
  if (test.mask) return { unsupported: "iptables has no words for a masked protocol" }
  const ranges = rangesOf(test, bits)
  if (!ranges) return { unsupported: "iptables has no words for this comparison" }
  return ranges.some(([from, to]) => from <= known && known <= to) ? always : never
}

/** An index is written as the name that it was asked by. Several names are several rules; none of several cannot be asked, for a rule has one `-i`. */
function device(which: "input" | "output", test: XtTest, { family, chain }: XtWriter): XtCondition {
  const names = test.items.map((item) =>
    "value" in item && typeof item.value === "string" ? item.value.replace(/\*$/, "+") : undefined,
  )
  if (names.includes(undefined)) return { unsupported: "iptables knows interfaces by name" }
  const isThere =
    which === "input"
      ? chain !== "OUTPUT" && chain !== "POSTROUTING"
      : chain !== "PREROUTING" && chain !== "INPUT"
  // An interface that a hook does not have is an empty name; iptables does not even take the question.
  if (!isThere) return test.operator === "!=" ? always : never
  if (test.operator === "==")
    return names.map((name) => [header(family, { [which]: { name: name!, negated: false } })])
  if (names.length > 1) return { unsupported: "a rule of iptables leaves out one interface, not several" }
  return [[header(family, { [which]: { name: names[0]!, negated: true } })]]
}

import { TCP } from "../../../packet/packet.js"
import type { TcpOptionNode } from "../../expression/tcp-option.js"
import {
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

const kindNumbers: Readonly<Record<string, number>> = {
  maxseg: 2,
  window: 3,
  "sack-perm": 4,
  sack: 5,
  timestamp: 8,
  md5sig: 19,
  mptcp: 30,
  fastopen: 34,
}

/** Whether a TCP option is there (of TCP packets only), and the maximum segment size. */
export function tcpOptionToXtables(node: TcpOptionNode, test: XtTest, { family }: XtWriter): XtCondition {
  const isTcp = header(family, { protocol: { number: TCP, negated: false } })
  const kind = typeof node.option === "number" ? node.option : kindNumbers[node.option]
  if (node.field === undefined && !node.raw && kind !== undefined) {
    const asked = maskedValue(test, "boolean")
    if (asked && !test.mask) {
      const isMissing = (asked.value === 0) === (test.operator === "==")
      return [[isTcp, match(family, "tcp", ["tcp-option", String(kind), isMissing])]]
    }
  }
  if (node.option === "maxseg" && node.field === "size" && !test.mask) {
    const ranges = rangesOf(test, 16)
    if (ranges?.length === 0) return never
    if (ranges) return ranges.map((range) => [isTcp, match(family, "tcpmss", ["mss", colonRange(range)])])
  }
  return { unsupported: `iptables has no words for tcp option ${node.option} ${node.field ?? ""}`.trimEnd() }
}

import type { LogNode } from "../../action/log.js"
import type { MarkNode } from "../../action/mark.js"
import type { RejectNode } from "../../action/reject.js"
import type { VerdictNode } from "../../action/verdict.js"
import type { VerdictMapNode } from "../../action/verdict-map.js"
import type { CompareNode } from "../../match/compare.js"
import type { LimitNode } from "../../match/limit.js"
import type { StepNode } from "../../node.js"
import type { Item } from "../../value.js"
import { header, match, target, type XtRuleWriter } from "./condition.js"
import { lookupToXtables, setUpdateToXtables } from "./sets.js"

type Lower<Node> = (node: Node, rule: XtRuleWriter) => void

function compareToXtables({ left, operator, right }: CompareNode, rule: XtRuleWriter): void {
  rule.require(rule.test(left, { operator, items: [right] }))
}

/** xt_limit's bursts (measured: `--limit-burst 10001` is refused). */
const LIMIT_BURST_MAXIMUM = 10_000

function limitToXtables({ rate, burst, over }: LimitNode, rule: XtRuleWriter): void {
  const text = `${rate.count}/${rate.unit}`
  if (rate.unit === "week" || burst > LIMIT_BURST_MAXIMUM || burst < 1) {
    rule.cannot({ unsupported: `iptables has no limit of ${text} with a burst of ${burst}` })
    return
  }
  const within = match(rule.family, "limit", ["limit", text], ["limit-burst", String(burst)])
  if (over) rule.requireNot(within)
  else rule.require({ once: within })
}

/** xt_NFLOG's prefix, its ending zero included, is 64 bytes. */
const LOG_PREFIX_MAXIMUM = 63

function logToXtables(node: LogNode, rule: XtRuleWriter): void {
  const { prefix, group, snapshotLength } = node
  if (group === undefined) {
    kernelLogToXtables(node, rule)
    return
  }
  rule.act(
    target(
      rule.family,
      "NFLOG",
      ["nflog-group", String(group)],
      ...(prefix ? [["nflog-prefix", prefix.slice(0, LOG_PREFIX_MAXIMUM)] as const] : []),
      ...(snapshotLength === undefined ? [] : [["nflog-size", String(snapshotLength)] as const]),
    ),
  )
}

/** xt_LOG's prefix, its ending zero included, is 30 bytes. */
const KERNEL_LOG_PREFIX_MAXIMUM = 29

const logFlags: Readonly<Record<string, string>> = {
  "tcp sequence": "log-tcp-sequence",
  "tcp options": "log-tcp-options",
  "ip options": "log-ip-options",
  skuid: "log-uid",
  ether: "log-macdecode",
}

function kernelLogToXtables({ prefix, level, flags = [] }: LogNode, rule: XtRuleWriter): void {
  const options = flags.map((flag) => logFlags[flag])
  if (prefix.length > KERNEL_LOG_PREFIX_MAXIMUM || level === "audit" || options.includes(undefined)) {
    const what =
      prefix.length > KERNEL_LOG_PREFIX_MAXIMUM ? "a prefix of 30 characters" : "this way of logging"
    rule.cannot({ unsupported: `iptables has no words for ${what}` })
    return
  }
  rule.act(
    target(
      rule.family,
      "LOG",
      ...(prefix ? [["log-prefix", prefix] as const] : []),
      ...(level === undefined ? [] : [["log-level", level] as const]),
      ...options.map((option) => [option!] as const),
    ),
  )
}

function markToXtables({ on, value }: MarkNode, rule: XtRuleWriter): void {
  const text = `0x${(value >>> 0).toString(16)}/0xffffffff`
  rule.act(target(rule.family, on === "meta" ? "MARK" : "CONNMARK", ["set-xmark", text]))
}

const answers: Readonly<Record<4 | 6, Partial<Record<RejectNode["with"], string>>>> = {
  4: {
    "port-unreachable": "icmp-port-unreachable",
    "admin-prohibited": "icmp-admin-prohibited",
    "host-unreachable": "icmp-host-unreachable",
    "no-route": "icmp-net-unreachable",
    "tcp-reset": "tcp-reset",
  },
  6: {
    "port-unreachable": "icmp6-port-unreachable",
    "admin-prohibited": "icmp6-adm-prohibited",
    "host-unreachable": "icmp6-addr-unreachable",
    "no-route": "icmp6-no-route",
    "tcp-reset": "tcp-reset",
  },
}

function rejectToXtables(node: RejectNode, rule: XtRuleWriter): void {
  const answer = answers[rule.family][node.with]
  if (rule.table !== "filter" || answer === undefined) {
    rule.cannot({ unsupported: "iptables rejects in the table filter only" })
    return
  }
  if (node.with === "tcp-reset")
    rule.require([[header(rule.family, { protocol: { number: 6, negated: false } })]])
  rule.finish(target(rule.family, "REJECT", ["reject-with", answer]))
}

function notrackToXtables(_node: StepNode, rule: XtRuleWriter): void {
  if (rule.table !== "raw") {
    rule.cannot({ unsupported: "iptables leaves tracking out in the table raw only" })
    return
  }
  rule.act(target(rule.family, "CT", ["notrack"]))
}

function verdictMapToXtables({ left, map }: VerdictMapNode, rule: XtRuleWriter): void {
  if (typeof map === "string") {
    rule.cannot({ unsupported: "iptables has no maps" })
    return
  }
  // Keys of a map do not overlap: those that lead to one verdict are asked for together.
  const byVerdict = new Map<string, { readonly verdict: VerdictNode; readonly items: Item[] }>()
  for (const { key, verdict } of map) {
    const name = `${verdict.verdict} ${verdict.chain ?? ""}`
    const known = byVerdict.get(name)
    if (known) known.items.push(key)
    else byVerdict.set(name, { verdict, items: [key] })
  }
  for (const { verdict, items } of byVerdict.values())
    rule.finishWhere(rule.test(left, { operator: "==", items }), verdict)
}

/** Each kind of step that iptables has words for, by its name. */
const steps: {
  readonly [Name in StepNode["step"]]?: Lower<Extract<StepNode, { step: Name }>>
} = {
  compare: compareToXtables,
  lookup: lookupToXtables,
  limit: limitToXtables,
  // iptables counts every rule by itself.
  counter: () => {},
  log: logToXtables,
  mark: markToXtables,
  notrack: notrackToXtables,
  reject: rejectToXtables,
  "set-update": setUpdateToXtables,
  verdict: (node: VerdictNode, rule) => rule.finish(node),
  "verdict-map": verdictMapToXtables,
  "xt-header": (node, rule) => rule.require([[node]]),
  "xt-match": (node, rule) => rule.require({ once: node }),
  "xt-target": (node, rule) => rule.act(node),
}

/** Adds what a step is in iptables' words to its rule. */
export function stepToXtables(node: StepNode, rule: XtRuleWriter): void {
  const lower = steps[node.step] as Lower<StepNode> | undefined
  if (lower) lower(node, rule)
  else rule.cannot({ unsupported: `iptables has no words for a ${node.step} step` })
}

import { didYouMean } from "../../../base/nearest.js"
import type { StepNode } from "../../../ruleset/node.js"
import type { Context } from "./context.js"
import type { Syntax } from "./syntax.js"
import { entry, numberOf, stringOf } from "./tree.js"
import { quotedWord } from "./values.js"

type Reject = Extract<StepNode, { step: "reject" }>

/** The answers of each kind, by nft's names; some have several. */
const answers: Readonly<Record<string, Readonly<Record<string, Reject["with"]>>>> = {
  icmpx: {
    "port-unreachable": "port-unreachable",
    "admin-prohibited": "admin-prohibited",
    "host-unreachable": "host-unreachable",
    "no-route": "no-route",
  },
  icmp: {
    "net-unreachable": "net-unreachable",
    "host-unreachable": "host-unreachable",
    "prot-unreachable": "prot-unreachable",
    "port-unreachable": "port-unreachable",
    "net-prohibited": "net-prohibited",
    "host-prohibited": "host-prohibited",
    "admin-prohibited": "admin-prohibited",
    "frag-needed": "admin-prohibited",
  },
  icmpv6: {
    "no-route": "no-route",
    "admin-prohibited": "admin-prohibited",
    "addr-unreachable": "addr-unreachable",
    "port-unreachable": "port-unreachable",
    "policy-fail": "policy-fail",
    "reject-route": "reject-route",
  },
}

/** Numbers of ICMP codes, as somebody may write them. */
const answerNumbers: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  icmp: {
    0: "net-unreachable",
    1: "host-unreachable",
    2: "prot-unreachable",
    3: "port-unreachable",
    9: "net-prohibited",
    10: "host-prohibited",
    13: "admin-prohibited",
  },
  icmpv6: {
    0: "no-route",
    1: "admin-prohibited",
    3: "addr-unreachable",
    4: "port-unreachable",
    5: "policy-fail",
    6: "reject-route",
  },
  icmpx: { 0: "no-route", 1: "port-unreachable", 2: "host-unreachable", 3: "admin-prohibited" },
}

export function elaborateReject(value: Syntax, context: Context, at: Syntax): Reject | undefined {
  const type = stringOf(entry(value, "type"))
  const { family, protocol } = context
  if (type === "tcp reset") return { step: "reject", with: "tcp-reset" }
  if (type === undefined) {
    const network =
      family === "inet" || family === "bridge" || family === "netdev" ? protocol.network : family
    const kind = network === "ip" ? "icmp" : network === "ip6" ? "icmpv6" : undefined
    return { step: "reject", with: "port-unreachable", ...(kind && { protocol: kind }) }
  }
  const names = answers[type]
  if (!names) {
    context.report("nft-bad-value", `"${type}" is nothing to reject with`, at)
    return undefined
  }
  const code = entry(value, "expr")
  const number = numberOf(code)
  const word = number === undefined ? (stringOf(code) ?? "port-unreachable") : answerNumbers[type]?.[number]
  const answer = word === undefined ? undefined : names[word]
  if (answer === undefined) {
    context.report(
      "nft-bad-value",
      `${quotedWord(code)} is no code of ${type} that packets are rejected with`,
      code ?? at,
      didYouMean(word ?? "", Object.keys(names)),
    )
    return undefined
  }
  return { step: "reject", with: answer, ...(type !== "icmpx" && { protocol: type as "icmp" | "icmpv6" }) }
}

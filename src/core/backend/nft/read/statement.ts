import { tcpOptionKind } from "../../../ruleset/expression/tcp-option.js"
import { bitsOf, typesOf } from "../../../ruleset/kinds.js"
import type { StepNode, VerdictNode } from "../../../ruleset/node.js"
import type { Context } from "./context.js"
import { elaborateExpression } from "./expression.js"
import { elaborateMatch } from "./match.js"
import {
  elaborateDuplicate,
  elaborateForward,
  elaborateNat,
  elaborateProxy,
  elaborateQueue,
} from "./nat-statement.js"
import { elaborateObjectReference, objectKinds } from "./object-statement.js"
import { elaborateMap, elaborateMeter, elaborateSetUpdate } from "./set-statement.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf, numberOf, single, stringOf, wordOf } from "./tree.js"
import { elaborateBytes, elaborateRate, elaborateTime, elaborateValue, quotedWord } from "./values.js"
import { elaborateVerdict, elaborateVerdictMap, verdictWords } from "./verdict.js"

/** One statement of a rule, as the object in `expr` has it, to steps. Undefined: it was reported. */
export type ElaborateStatement = (
  value: Syntax,
  context: Context,
  at: Syntax,
  name: string,
) => StepNode | readonly StepNode[] | undefined

/**
 * The steps of one statement. What was reported, or is unknown, becomes a step that never matches: the rule stays in its place, and does
 * nothing.
 */
export function elaborateStatement(syntax: Syntax, context: Context): readonly StepNode[] {
  const [name, value] = single(syntax) ?? wholeStatement(syntax) ?? []
  if (name === undefined || value === undefined) {
    context.report(
      "nft-json-syntax",
      "a statement is an object with one entry: its name and what it holds",
      syntax,
    )
    return [never("?")]
  }
  const elaborate = Object.hasOwn(statements, name) ? statements[name] : undefined
  if (!elaborate) {
    context.assume(
      `the engine does not know the statement "${name}": the rule is taken never to match`,
      syntax,
    )
    return [never(name)]
  }
  const steps = elaborate(value, context, syntax, name)
  if (steps === undefined) return [never(name)]
  return "step" in steps ? [steps] : steps
}

/** nft 1.0.6 writes some statements with their entries beside the name; the first entry names it. */
function wholeStatement(syntax: Syntax): readonly [string, Syntax] | undefined {
  if (syntax.kind !== "object") return undefined
  for (const [name, value] of syntax.entries) if (Object.hasOwn(statements, name)) return [name, value]
  return undefined
}

function never(text: string): StepNode {
  return { step: "opaque", text, assumes: "break" }
}

const verdict: ElaborateStatement = (value, context, at, name): VerdictNode | undefined =>
  elaborateVerdict(name, value, context, at)

const statements: Readonly<Record<string, ElaborateStatement>> = {
  ...Object.fromEntries(verdictWords.map((word) => [word, verdict])),
  match: (value, context) => elaborateMatch(value, context),
  vmap: (value, context, at) => elaborateVerdictMap(value, context, at),
  counter: (value, context, at) =>
    stringOf(value) !== undefined || single(value)?.[0] === "map"
      ? elaborateObjectReference("counter", value, context, at)
      : { step: "counter" },
  quota: (value, context, at) => elaborateQuota(value, context, at),
  limit: (value, context, at) => elaborateLimit(value, context, at),
  synproxy: (value, context, at) => elaborateProxy("synproxy", value, context, at),
  tproxy: (value, context, at) => elaborateProxy("tproxy", value, context, at),
  last: (value, context) => {
    const used = entry(value, "used")
    return used && elaborateTime(used, context) === undefined ? undefined : { step: "last" }
  },
  "ct count": (value, context, at) => {
    const count = numberOf(entry(value, "val"))
    if (count !== undefined) return { step: "ct-count", count, over: isTrue(entry(value, "inv")) }
    context.report("nft-bad-value", "a count of connections is a number", at)
    return undefined
  },
  log: (value, context) => elaborateLog(value, context),
  reject: (value, context, at) => elaborateReject(value, context, at),
  notrack: () => ({ step: "notrack" }),
  mangle: (value, context, at) => elaborateMangle(value, context, at),
  snat: elaborateNat,
  dnat: elaborateNat,
  masquerade: elaborateNat,
  redirect: elaborateNat,
  queue: (value, context) => elaborateQueue(value, context),
  dup: (value, context, at) => elaborateDuplicate(value, context, at),
  fwd: (value, context, at) => elaborateForward(value, context, at),
  set: (value, context, at) => elaborateSetUpdate(value, context, at),
  map: (value, context, at) => elaborateMap(value, context, at),
  meter: (value, context, at) => elaborateMeter(value, context, at),
  flow: (value, context, at) => {
    const flowtable = wordOf(entry(value, "flowtable"))?.replace(/^@/, "")
    if (flowtable !== undefined) return { step: "flow-offload", flowtable }
    context.report("nft-bad-value", "flow add names a flowtable", at)
    return undefined
  },
  reset: (value, context, at) => elaborateReset(value, context, at),
  ...Object.fromEntries(
    objectKinds.map((kind): [string, ElaborateStatement] => [
      kind,
      (value, context, at) => elaborateObjectReference(kind, value, context, at),
    ]),
  ),
  secmark: (value, context, at) => elaborateObjectReference("secmark", value, context, at),
  tunnel: (value, context, at) => {
    context.assume("the engine has no tunnels: the rule goes on", at)
    return { step: "opaque", text: `tunnel name "${wordOf(value) ?? ""}"`, assumes: "continue" }
  },
  xt: (value, context, at) => {
    const type = wordOf(entry(value, "type")) ?? "match"
    const name = wordOf(entry(value, "name")) ?? ""
    const assumes = type === "target" ? "continue" : "break"
    const assumed = assumes === "break" ? "the rule is taken never to match" : "the rule is taken to go on"
    context.assume(`what the extension "${name}" of iptables asks is not in nft's listing: ${assumed}`, at)
    return { step: "opaque", text: `xt ${type} "${name}"`, assumes }
  },
}

export function isTrue(syntax: Syntax | undefined): boolean {
  return syntax?.kind === "leaf" && syntax.value === true
}

export function elaborateQuota(value: Syntax, context: Context, at: Syntax): StepNode | undefined {
  if (stringOf(value) !== undefined || single(value)?.[0] === "map")
    return elaborateObjectReference("quota", value, context, at)
  // Named quotas are written in bytes.
  const bytes = elaborateBytes(
    entry(value, "val") ?? entry(value, "bytes"),
    entry(value, "val_unit"),
    at,
    context,
  )
  const used = entry(value, "used")
  const spent = used ? elaborateBytes(used, entry(value, "used_unit"), at, context) : 0
  if (bytes === undefined || spent === undefined) return undefined
  const over = isTrue(entry(value, "inv"))
  return { step: "quota", bytes, over, ...(spent > 0 && { used: spent }) }
}

/** nft's default where no burst is written. */
const defaultBurst = 5

export function elaborateLimit(value: Syntax, context: Context, at: Syntax): StepNode | undefined {
  if (stringOf(value) !== undefined || single(value)?.[0] === "map")
    return elaborateObjectReference("limit", value, context, at)
  const unit = stringOf(entry(value, "rate_unit"))
  const over = isTrue(entry(value, "inv"))
  const rate = entry(value, "rate")
  const isBytes = unit !== undefined && unit !== "packets"
  const count = isBytes ? elaborateBytes(rate, entry(value, "rate_unit"), at, context) : numberOf(rate)
  if (count === undefined) {
    if (!isBytes) context.report("nft-bad-value", "a rate is a number", rate ?? at)
    return undefined
  }
  const found = elaborateRate(count, entry(value, "per"), at, context)
  if (!found) return undefined
  const written = entry(value, "burst")
  const burstUnit = stringOf(entry(value, "burst_unit")) ?? (isBytes ? "bytes" : "packets")
  if ((burstUnit !== "packets") !== isBytes) {
    context.report(
      "nft-bad-value",
      "a rate and its burst are both in packets, or both in bytes",
      written ?? at,
    )
    return undefined
  }
  if (isBytes) {
    const burst = written ? elaborateBytes(written, entry(value, "burst_unit") ?? undefined, at, context) : 0
    return burst === undefined ? undefined : { step: "limit", rate: found, burst, bytes: true, over }
  }
  // The kernel makes 5 of no burst and of 0.
  const burst = (written && numberOf(written)) || defaultBurst
  return { step: "limit", rate: found, burst, over }
}

const logFlags = ["tcp sequence", "tcp options", "ip options", "skuid", "ether"]

function elaborateLog(value: Syntax, context: Context): StepNode | undefined {
  const number = (name: string): number | undefined => {
    const found = entry(value, name)
    const read = numberOf(found)
    if (found && read === undefined) context.report("nft-bad-value", `${name} is a number`, found)
    return read
  }
  const group = number("group")
  const snapshotLength = number("snaplen")
  const queueThreshold = number("queue-threshold")
  const level = stringOf(entry(value, "level"))
  const flags = listOf(entry(value, "flags")).flatMap((flag) => {
    const word = stringOf(flag) ?? ""
    if (word === "all") return logFlags
    if (logFlags.includes(word)) return [word]
    context.report("nft-bad-value", `${quotedWord(flag)} is nothing that nft logs`, flag)
    return []
  })
  return {
    step: "log",
    prefix: wordOf(entry(value, "prefix")) ?? "",
    ...(group !== undefined && { group }),
    ...(snapshotLength !== undefined && snapshotLength > 0 && { snapshotLength }),
    ...(queueThreshold !== undefined && { queueThreshold }),
    ...(level !== undefined && level !== "warn" && { level }),
    ...(flags.length > 0 && { flags: logFlags.filter((flag) => flags.includes(flag)) }),
  }
}

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

function elaborateReject(value: Syntax, context: Context, at: Syntax): Reject | undefined {
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
    )
    return undefined
  }
  return { step: "reject", with: answer, ...(type !== "icmpx" && { protocol: type as "icmp" | "icmpv6" }) }
}

/** `{"mangle": {"key": …, "value": …}}`. */
function elaborateMangle(value: Syntax, context: Context, at: Syntax): StepNode | undefined {
  const key = entry(value, "key")
  const written = entry(value, "value")
  if (!key || !written) {
    context.report("nft-bad-value", "a statement that sets something has a key and a value", at)
    return undefined
  }
  const mark = entry(entry(key, "meta") ?? entry(key, "ct"), "key")
  if (stringOf(mark) === "secmark") return elaborateSecurityMark(key, written, context, at)
  const target = elaborateExpression(key, { ...context, assume: () => {} })
  if (!target) return undefined
  if (target.expression === "payload" && target.tunnel !== undefined) {
    context.report("nft-not-here", "nft writes on no packet inside a tunnel", at)
    return undefined
  }
  const node = elaborateValue(written, typesOf(target), context, bitsOf(target))
  if (!node) return undefined
  const isMark = (target.expression === "meta" || target.expression === "ct") && target.key === "mark"
  if (isMark && node.expression === "constant" && typeof node.value !== "string")
    return { step: "mark", on: target.expression as "meta" | "ct", value: node.value[0] ?? 0 }
  return { step: "mangle", target, value: node }
}

/** `meta secmark set "ssh"` names an object; `ct secmark set meta secmark` keeps it. Neither decides what becomes of a packet. */
function elaborateSecurityMark(
  key: Syntax,
  value: Syntax,
  context: Context,
  at: Syntax,
): StepNode | undefined {
  if (stringOf(value) !== undefined || single(value)?.[0] === "map")
    return elaborateObjectReference("secmark", value, context, at)
  const [left, right] = entry(key, "meta") ? ["meta", "ct"] : ["ct", "meta"]
  return { step: "opaque", text: `${left} secmark set ${right} secmark`, assumes: "continue" }
}

/** `reset tcp option sack-perm`. */
function elaborateReset(value: Syntax, context: Context, at: Syntax): StepNode | undefined {
  const target = elaborateExpression(value, context)
  if (!target) return undefined
  if (target.expression !== "tcp-option" || target.field !== undefined) {
    context.report("nft-bad-value", "only a whole TCP option can be reset", at)
    return undefined
  }
  return { step: "strip-option", kind: tcpOptionKind(target.option), name: String(target.option) }
}

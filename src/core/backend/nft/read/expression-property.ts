import { didYouMean } from "../../../base/nearest.js"
import { type CtNode, ctKeys } from "../../../ruleset/expression/ct.js"
import type { FibNode } from "../../../ruleset/expression/fib.js"
import type { IpsecNode } from "../../../ruleset/expression/ipsec.js"
import { type MetaNode, metaKeys } from "../../../ruleset/expression/meta.js"
import type { RoutingNode } from "../../../ruleset/expression/routing.js"
import type { SocketNode } from "../../../ruleset/expression/socket.js"
import type { ExpressionNode } from "../../../ruleset/node.js"
import type { Context } from "./context.js"
import { type ElaborateObject, type Expected, expressionOf } from "./expression.js"
import { networkOf, useNetwork } from "./protocol.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf, numberOf, stringOf, wordOf } from "./tree.js"

/** What is known of a packet besides its bytes: meta, ct, fib, rt, socket, osf, ipsec, and numbers that are made up. */
export const elaborateProperty: Readonly<Record<string, ElaborateObject>> = {
  meta,
  ct,
  fib,
  rt,
  socket,
  osf,
  ipsec,
  numgen,
  jhash,
  symhash,
}

type Elaborated = ExpressionNode | undefined

function unknown(
  what: string,
  word: string,
  names: Iterable<string>,
  at: Syntax,
  context: Context,
): undefined {
  context.report("nft-unknown-expression", `nft knows no ${what} "${word}"`, at, didYouMean(word, names))
  return undefined
}

const metaSpellings: Readonly<Record<string, MetaNode["key"]>> = {
  secpath: "ipsec",
  ibridgename: "ibrname",
  obridgename: "obrname",
  ibriport: "ibrname",
  obriport: "obrname",
}

const bridgeOnly = new Set<string>(["ibrname", "obrname", "ibrpvid", "ibrvproto"])

function meta(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const word = stringOf(entry(inner, "key")) ?? stringOf(inner) ?? ""
  const key = metaSpellings[word] ?? word
  if (!metaKeys.includes(key)) return unknown("meta key", word, metaKeys, syntax, context)
  if (bridgeOnly.has(key) && context.family !== "bridge" && !context.isTypeof) {
    context.report("nft-conflicting-protocols", `meta ${word} is for tables of the family bridge`, syntax)
    return undefined
  }
  if (key === "nfproto" && (context.family === "ip" || context.family === "ip6")) {
    context.report(
      "nft-conflicting-protocols",
      `every packet of a table of the family ${context.family} is of that protocol`,
      syntax,
    )
    return undefined
  }
  return { expression: "meta", key: key as MetaNode["key"] }
}

/** Keys that both directions of a connection have for themselves. */
const directed = new Set(["bytes", "packets", "avgpkt", "zone", "protocol", "l3proto"])

function ct(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  let key = stringOf(entry(inner, "key")) ?? ""
  const family = stringOf(entry(inner, "family"))
  if (family !== undefined && (key === "saddr" || key === "daddr")) key = `${family} ${key}`
  const direction = stringOf(entry(inner, "dir"))
  if (direction !== undefined && direction !== "original" && direction !== "reply")
    return unknown("direction of a connection", direction, ["original", "reply"], syntax, context)
  if (key === "saddr" || key === "daddr") {
    const message = `nft cannot know of which family "ct ${key}" is: ip or ip6 is missing before it`
    context.report("nft-unknown-expression", message, syntax)
    return undefined
  }
  if (!ctKeys.includes(key)) return unknown("key of a connection", key, ctKeys, syntax, context)
  const isAddress = key.endsWith("addr")
  const needsDirection = isAddress || key.startsWith("proto-")
  if (needsDirection !== (direction !== undefined) && !directed.has(key)) {
    const message = needsDirection
      ? `ct ${key} lacks its direction: original or reply`
      : `ct ${key} takes no direction`
    context.report("nft-unknown-expression", message, syntax)
    return undefined
  }
  if (isAddress && !useNetwork(key.startsWith("ip6") ? "ip6" : "ip", syntax, context)) return undefined
  return { expression: "ct", key: key as CtNode["key"], ...(direction !== undefined && { direction }) }
}

const fibSelectors = ["saddr", "daddr", "mark", "iif", "oif"]
const fibResults = ["type", "oif", "oifname", "check"]

function fib(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const result = stringOf(entry(inner, "result")) ?? ""
  const selectors = listOf(entry(inner, "flags")).map((flag) => stringOf(flag) ?? "")
  const wrong = selectors.find((selector) => !fibSelectors.includes(selector))
  if (wrong !== undefined) return unknown("selector of fib", wrong, fibSelectors, syntax, context)
  if (!fibResults.includes(result)) return unknown("result of fib", result, fibResults, syntax, context)
  const has = (selector: string) => selectors.includes(selector)
  const message =
    has("saddr") === has("daddr")
      ? "fib looks up either saddr or daddr"
      : has("iif") && has("oif")
        ? "fib takes either iif or oif"
        : has("oif") && (context.hook === "prerouting" || context.hook === "input")
          ? "a packet has no outgoing interface before it is routed"
          : has("oif") && result !== "type"
            ? "fib with oif tells the type only"
            : undefined
  if (message !== undefined) {
    context.report("nft-unknown-expression", message, syntax)
    return undefined
  }
  const ordered = fibSelectors.filter(has)
  return {
    expression: "fib",
    selectors: ordered as FibNode["selectors"],
    result: result as FibNode["result"],
  }
}

const routeKeys = ["classid", "nexthop", "mtu", "ipsec"]

function rt(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const key = stringOf(entry(inner, "key")) ?? ""
  if (!routeKeys.includes(key)) return unknown("key of rt", key, routeKeys, syntax, context)
  if (key !== "nexthop") return { expression: "rt", key: key as RoutingNode["key"] }
  const family = stringOf(entry(inner, "family")) ?? networkOf(context)
  if (family !== "ip" && family !== "ip6") {
    const message = "nft cannot know of which family rt nexthop is: ip or ip6 is missing before it"
    context.report("nft-unknown-expression", message, syntax)
    return undefined
  }
  return useNetwork(family, syntax, context) ? { expression: "rt", key: `${family} nexthop` } : undefined
}

const socketKeys = ["transparent", "mark", "wildcard", "cgroupv2"]

function socket(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const key = stringOf(entry(inner, "key")) ?? ""
  if (!socketKeys.includes(key)) return unknown("key of socket", key, socketKeys, syntax, context)
  const level = numberOf(entry(inner, "level"))
  return { expression: "socket", key: key as SocketNode["key"], ...(level !== undefined && { level }) }
}

function osf(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const key = stringOf(entry(inner, "key")) ?? ""
  const ttl = stringOf(entry(inner, "ttl"))
  if (key !== "name" && key !== "version")
    return unknown("key of osf", key, ["name", "version"], syntax, context)
  if (ttl !== undefined && ttl !== "loose" && ttl !== "skip")
    return unknown("way to look at the time to live", ttl, ["loose", "skip"], syntax, context)
  return { expression: "osf", key, ...(ttl !== undefined && { ttl }) }
}

const ipsecKeys = ["reqid", "spi", "ip saddr", "ip daddr", "ip6 saddr", "ip6 daddr"]

function ipsec(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const family = stringOf(entry(inner, "family"))
  const word = stringOf(entry(inner, "key")) ?? ""
  const key = family === undefined ? word : `${family} ${word}`
  const direction = stringOf(entry(inner, "dir")) ?? ""
  if (direction !== "in" && direction !== "out")
    return unknown("direction of ipsec", direction, ["in", "out"], syntax, context)
  if (!ipsecKeys.includes(key)) return unknown("key of ipsec", key, ipsecKeys, syntax, context)
  const number = numberOf(entry(inner, "spnum")) ?? 0
  if (number > 255) {
    context.report("nft-value-too-large", `a transformation's number is 0 to 255, not ${number}`, syntax)
    return undefined
  }
  return { expression: "ipsec", direction, key: key as IpsecNode["key"], ...(number > 0 && { number }) }
}

interface Scale {
  readonly modulus: number
  readonly offset?: number
}

function scaleOf(inner: Syntax, syntax: Syntax, context: Context): Scale | undefined {
  const modulus = numberOf(entry(inner, "mod"))
  const offset = numberOf(entry(inner, "offset")) ?? 0
  if (modulus === undefined || modulus < 1 || modulus + offset > 2 ** 32) {
    context.report(
      "nft-unknown-expression",
      "a modulus is at least 1, and with its offset below 2^32",
      syntax,
    )
    return undefined
  }
  return { modulus, ...(offset > 0 && { offset }) }
}

function numgen(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const mode = stringOf(entry(inner, "mode")) ?? ""
  const scale = scaleOf(inner, syntax, context)
  if (mode !== "inc" && mode !== "random")
    return unknown("way to make up numbers", mode, ["inc", "random"], syntax, context)
  return scale && { expression: "numgen", mode, ...scale }
}

function jhash(inner: Syntax, syntax: Syntax, context: Context, _expected: Expected): Elaborated {
  const what = entry(inner, "expr")
  const of = what && expressionOf(what, context, {})
  const scale = scaleOf(inner, syntax, context)
  const written = entry(inner, "seed")
  const seed = numberOf(written) ?? (wordOf(written) === undefined ? undefined : Number(wordOf(written)))
  if (!of || !scale) return undefined
  return { expression: "hash", of, ...scale, ...(seed !== undefined && { seed }) }
}

function symhash(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const scale = scaleOf(inner, syntax, context)
  return scale && { expression: "hash", ...scale }
}

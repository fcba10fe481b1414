import type { Draft } from "../imported.js"
import { type Context, checkFamilies, refuse } from "./context.js"
import type { Item } from "./item.js"
import type { Families } from "./model.js"
import { connlimitTail, hashlimitTail, type Parameters, readParameters } from "./parameters.js"
import { type Asked, familiesOf, give, hidden } from "./protection-asked.js"
import {
  countAmount,
  defaultBurst,
  defaultRate,
  halved,
  iptablesBurst,
  rateAmount,
  readBurst,
  readRate,
} from "./rates.js"
import { type Hosts, reachOf } from "./reach.js"
import type { Amount, Setting } from "./setting.js"

export function askRate(asked: Asked, args: readonly string[]): void {
  const { type, item, word, line, context } = asked
  const rate = readRate(args[0] ?? defaultRate)
  const burst = readBurst(args[1] ?? defaultBurst)
  if (!rate || burst === undefined) {
    const wrong = rate ? args[1] : args[0]
    item.tell(
      "firehol-bad-argument",
      `"${wrong}" is not a ${rate ? "burst" : "rate"} that iptables takes`,
      "10/sec 20",
    )
    if (wrong === "reverse")
      item.tell("firehol-bad-argument", "reverse stands before the type", "protection reverse strong")
    refuse(item, context, `"${wrong}" gets into the rules unchecked, and iptables-restore stops at it.`)
    item.differs(context.exact ? "same" : "lost", `${word}: what limit is meant is not guessed.`)
    return
  }
  const amount = rateAmount(rate, burst)
  item.tell(
    "firehol-shared-limit",
    `FireHOL's ${amount.text} is one limit for all sources together: one flood uses it up, and everybody else is shut out`,
    undefined,
    "lint",
  )
  const kind = word === "icmp-floods" ? "icmp" : word === "syn-floods" ? "tcp" : "new"
  const ports = hidden(asked, kind)
  if (ports === "nothing") return
  if (ports) item.differs("same", `${word} is for the ports that no line before it has accepted.`)
  const isDual = line.families.four && line.families.six
  if (context.exact) {
    if (isDual && word !== "icmp-floods") {
      item.differs("stricter", `${word}: IPv4 and IPv6 share one limit; FireHOL has one for each.`)
    }
  } else {
    item.differs(
      "looser",
      "Each source has the limit for itself, so that one cannot shut out all others; many together may send more.",
    )
  }
  item.owned("works", `${word}: ${amount.text} for all sources together, the rest is dropped.`)
  limited(
    asked,
    type.name,
    {
      amount,
      ...(context.exact && { per: "everyone" }),
      ...(ports && { ports }),
    },
    [],
  )
}

/** `connlimit 10 mask 24 daddr src …` */
export function askConnections(asked: Asked, args: readonly string[]): void {
  const { item, context, line } = asked
  const [count = "", ...rest] = args
  if (!/^\d{1,9}$/.test(count) || Number(count) === 0) {
    item.tell(
      "firehol-bad-argument",
      count === "" ? "connlimit does not say how many" : `"${count}" is not a number of connections`,
      "protection connlimit 10 mask 32",
    )
    refuse(item, context, `connlimit stops at "${count === "" ? "nothing" : count}".`)
    item.differs(context.exact ? "same" : "lost", "How many connections are meant is not guessed.")
    return
  }
  const tail = connlimitTail(rest)
  const own = rest.slice(0, tail)
  const mask = optionValue(own, "mask")
  const parameters = readParameters(rest.slice(tail))
  if (unknownWord(parameters, asked)) return
  const amount = countAmount(Number(count))
  item.owned("works", `connlimit: drops what a client opens beyond ${count} connections at once.`)
  const per = own.includes("daddr") ? "everyone" : perOf(mask, line.families, item, context, "connlimit")
  if (per === null) return
  if (own.includes("daddr"))
    item.differs("stricter", "FireHOL counts for each address that is connected to; here all count together.")
  const ports = hidden(asked, "new")
  if (ports === "nothing") return
  limited(asked, "connections", { amount, ...(per !== undefined && { per }), ...(ports && { ports }) }, [
    parameters,
  ])
}

/** `connrate upto 60/minute burst 10 srcmask 24 src …`; without `upto` as the manual has it, which FireHOL refuses. */
export function askConnectionRate(asked: Asked, args: readonly string[]): void {
  const { item, context, line } = asked
  const bound = args[0] === "upto" || args[0] === "above" ? args[0] : undefined
  const [text = "", ...rest] = bound === undefined ? args : args.slice(1)
  const rate = readRate(text)
  const tail = hashlimitTail(rest)
  const own = rest.slice(0, tail)
  const burst = readBurst(optionValue(own, "burst") ?? `${iptablesBurst}`)
  const parameters = readParameters(rest.slice(tail))
  if (!rate || burst === undefined) {
    item.tell(
      "firehol-bad-argument",
      text === ""
        ? "connrate does not say how many"
        : `"${rate ? optionValue(own, "burst") : text}" is not a ${rate ? "burst" : "rate"}`,
      "protection connrate upto 60/minute burst 10",
    )
    refuse(item, context, "connrate has no limit.")
    item.differs(context.exact ? "same" : "lost", "What rate is meant is not guessed.")
    return
  }
  if (bound === undefined) {
    item.tell(
      "firehol-connrate-without-upto",
      'connrate as the manual writes it has never worked: FireHOL stops with "hashlimit is not set"',
      `protection connrate upto ${args.join(" ")} works`,
    )
    refuse(item, context, "connrate without upto is an error.")
    if (context.exact) {
      item.differs("same", "FireHOL loads nothing of it, and so the policy has nothing.")
      return
    }
    item.differs("stricter", "It is limited as the manual says.")
  }
  if (unknownWord(parameters, asked)) return
  if (bound === "above") {
    item.owned("partly", "connrate above: the slow are dropped, and the fast let through.")
    item.tell(
      "firehol-bad-argument",
      "connrate above lets through what is above the rate, and drops what is below",
      "protection connrate upto 60/minute",
    )
    if (context.exact) {
      item.differs("lost", "The policy has no limit that drops the slow.")
      return
    }
    item.differs("stricter", "What is above the rate is dropped.")
  }
  const isSecond = line.scope.lines
    .slice(0, line.scope.lines.indexOf(line))
    .find((other) => other.verb === "protection" && /(^|[\s,])connrate([\s,]|$)/i.test(other.words.join(" ")))
  if (isSecond) {
    item.tell(
      "firehol-connrate-twice",
      `a second connrate shares the table of the first (line ${isSecond.command.span.line}): its own rate is not used, and each connection is charged twice`,
    )
    item.owned("partly", "connrate: the rate of the line before holds, and each connection counts twice.")
    if (context.exact) {
      halve(asked)
      return
    }
    item.differs("stricter", "Each line's limit is carried over as it is written.")
  }
  item.owned(
    "works",
    `connrate: drops what a client opens beyond ${rate.count} new connections a ${rate.unit}, with bursts of ${burst}.`,
  )
  const mode = optionValue(own, "mode")
  if (mode !== undefined && mode !== "srcip")
    item.differs("looser", `The policy counts by source, not by ${mode}.`)
  const per = perOf(optionValue(own, "srcmask"), line.families, item, context, "connrate")
  const ports = hidden(asked, "new")
  if (ports === "nothing" || per === null) return
  const setting = {
    amount: rateAmount(rate, burst),
    ...(per !== undefined && { per }),
    ...(ports && { ports }),
  }
  limited(asked, "connection-rate", setting, [parameters])
}

/** The first line's limit, at half its rate. */
function halve({ item, targets }: Asked): void {
  for (const { zone, direction } of targets) {
    const before = zone.setting("connection-rate", direction)
    const rate = before?.amount && readRate(before.amount.text.split(" ")[0]!)
    if (rate)
      zone.ask("connection-rate", { ...before, amount: halved(rate, before.amount!.burst) }, direction, item)
  }
}

function unknownWord(parameters: Parameters, { item, context }: Asked): boolean {
  if (parameters.unknown === undefined) return false
  item.tell("firehol-unknown-parameter", `"${parameters.unknown}" is not a rule parameter`)
  refuse(item, context, `FireHOL cannot understand "${parameters.unknown}".`)
  item.differs(context.exact ? "same" : "lost", "What the words mean is not guessed.")
  return true
}

/** Whom a limit counts for: a mask that is meant for IPv4 is used for IPv6 as well. Null: nobody. */
function perOf(
  mask: string | undefined,
  families: Families,
  item: Item,
  context: Context,
  word: string,
): Draft | undefined | null {
  const length = mask === undefined ? undefined : /^\d{1,3}$/.test(mask) ? Number(mask) : Number.NaN
  if (length !== undefined && !(length >= 0 && length <= 128)) {
    item.tell("firehol-bad-argument", `"${mask}" is not the length of a prefix`)
    refuse(item, context, `"${mask}" is no mask.`)
    item.differs(context.exact ? "same" : "lost", "What mask is meant is not guessed.")
    return null
  }
  if (length === 0) return "everyone"
  if (length !== undefined && length > 32 && families.four) {
    item.tell("firehol-bad-argument", `a mask of ${length} is none of IPv4, and iptables stops at it`)
    refuse(item, context, `A mask of ${length} is too long for IPv4.`)
  }
  if (length !== undefined && families.six && length <= 32) {
    item.tell(
      "firehol-ipv6-mask",
      `mask ${length} is meant for IPv4; FireHOL gives it to IPv6 as well, where all of a /${length}, a provider's whole network, count as one client`,
    )
    item.owned("partly", `${word}: for IPv6, all of a /${length} count as one client.`)
  }
  if (context.exact) {
    return { ipv4: `/${Math.min(length ?? 32, 32)}`, ipv6: `/${length ?? 128}` }
  }
  if (families.six)
    item.differs(
      "stricter",
      `${word}: a client of IPv6 is its /64, for who has one address of it has them all.`,
    )
  if (families.six && length !== undefined && length <= 32) {
    item.differs("looser", `${word}: clients of IPv6 are not thrown together by /${length}.`)
  }
  if (length === undefined || length === 32) return undefined
  return length < 32 ? `/${length}` : { ipv6: `/${length}` }
}

function limited(asked: Asked, name: string, setting: Setting, own: readonly Parameters[]): void {
  const { line, item, context, word } = asked
  const all = [...own, ...line.groups, line.scope.parameters]
  const reach = reachOf(all, context.sets)
  if (own.some(({ all: parameters }) => parameters.length > 0)) clientParameters(asked, own)
  checkFamilies(all, line.families, item, context)
  if (context.exact && item.owner === "refused") {
    item.differs("same", "FireHOL loads nothing of it, and so the policy has nothing.")
    return
  }
  if (reach.others.length > 0 || reach.to) {
    const what = [...reach.others, ...(reach.to ? ["dst"] : [])].join(", ")
    item.tell("import-not-carried", `${word}: the policy has no words for ${what}`)
    item.differs("lost", `A limit for those alone cannot be said, and one for all would harm others.`)
    return
  }
  const unknown = [...(reach.from?.unknown ?? []), ...(reach.notFrom?.unknown ?? [])]
  if (unknown.length > 0) {
    item.tell("import-not-carried", `${word}: ${unknown.join(", ")} is no address that a policy can name`)
    item.differs("lost", `Who ${unknown.join(", ")} is stands in the kernel, not in the file.`)
    return
  }
  const hosts: Record<string, Amount | "off"> = {}
  for (const host of namesOf(reach.notFrom)) if (!reach.named.has(host)) hosts[host] = "off"
  if (reach.named.size > 0) item.differs("stricter", `${word} is for sources that nobody routes as well.`)
  for (const host of namesOf(reach.from)) hosts[host] = setting.amount!
  const ports = reach.ports && setting.ports ? reach.ports : (reach.ports ?? setting.ports)
  give(asked, name, {
    ...setting,
    ...(ports && { ports }),
    ...(Object.keys(hosts).length > 0 && { hosts }),
    ...(reach.from && { onlyHosts: true }),
    ...familiesOf(line.families),
  })
}

/** The parameters stand at the rule that lets through, so that everybody else falls to the rule that drops. */
function clientParameters({ item, word, context }: Asked, own: readonly Parameters[]): void {
  const limits = own
    .flatMap(({ all }) => all)
    .filter(({ name }) => !["log", "loglimit", "accounting"].includes(name))
  const log = own.flatMap(({ all }) => all).find(({ name }) => name === "log" || name === "loglimit")
  if (log) {
    item.tell(
      "firehol-ignored-words",
      `${word}: ${log.name} writes down the connections that are let in, not those that are dropped`,
    )
  }
  if (limits.length === 0) return
  if (limits.some(({ not, values }) => not && values.length > 1)) {
    refuse(item, context, "FireHOL cannot leave out several values where a rule returns.")
  }
  const names = limits.map(({ name, not }) => (not ? `${name} not` : name)).join(", ")
  item.tell(
    "firehol-client-parameters",
    `${names} does not say who is limited: the line drops every new connection of everybody else`,
  )
  item.owned("partly", `${word} ${names}: those it names are limited, and all others are dropped altogether.`)
  item.differs(
    "looser",
    context.exact
      ? "The policy limits those that the line names; that all others are dropped it does not repeat."
      : "Those that the line names are limited, as the manual says, and nobody else is dropped.",
  )
}

function namesOf(hosts: Hosts | undefined): readonly string[] {
  return hosts ? [...hosts.four, ...hosts.six] : []
}

function optionValue(words: readonly string[], name: string): string | undefined {
  const at = words.indexOf(name)
  return at < 0 ? undefined : words[at + 1]
}

import type { Draft } from "../imported.js"
import { type Context, checkFamilies, policyOf, refuse, type Target, targetsOf, variable } from "./context.js"
import { type Accepted, acceptedBefore, restOf } from "./hidden.js"
import { Item } from "./item.js"
import type { Families, ScopeLine } from "./model.js"
import { connlimitTail, hashlimitTail, type Parameters, readParameters } from "./parameters.js"
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
import { isTypeWord, readTypes, type TypeWord, type WrittenType } from "./type-words.js"

/** One type of a line, and what stands around it. */
interface Asked {
  readonly word: string
  readonly type: TypeWord
  /** The group that brought it. */
  readonly group?: string
  readonly line: ScopeLine
  readonly item: Item
  readonly targets: readonly Target[]
  readonly context: Context
  readonly accepted: Accepted
}

/** A line with `protection`: an item for each type that it names. */
export function translateProtection(line: ScopeLine, context: Context): readonly Item[] {
  const { command, scope } = line
  const [first, ...others] = line.words
  const reverse = first === "reverse"
  const [text, ...written] = reverse ? others : line.words
  if (text === undefined) {
    const item = new Item(
      command,
      "nothing",
      "A protection without a type asks for nothing, and FireHOL does not say so.",
      false,
    )
    return [item.tell("firehol-bad-argument", "protection names no type", "protection strong")]
  }
  const { types, unknown, isNone } = readTypes(text)
  if (unknown) {
    const item = new Item(command, "refused", "", true)
    refuse(item, context, `"${unknown.word}" is no type of protection.`)
    item.tell("firehol-unknown-type", `"${unknown.word}" is not a type of protection`, unknown.hint)
    return [item.differs("lost", "What is meant is not guessed.")]
  }
  if (isNone || types.length === 0)
    return [new Item(command, "nothing", "It asks for no protection, as it says.", false)]
  const unquoted = written.filter(isTypeWord)
  const isClient = types.some(({ members }) =>
    members.some(({ type }) => type.takes !== "nothing" && type.takes !== "rate"),
  )
  const loose = isClient ? [] : unquoted.flatMap((word) => readTypes(word).types)
  const args = isClient ? written : written.filter((word) => !isTypeWord(word))
  const accepted = acceptedBefore(line, reverse, context)
  const targets = targetsOf(scope, reverse, context)
  const items: Item[] = []
  for (const each of [...types, ...loose]) {
    const item = new Item(command, "works", "", true)
    items.push(item)
    const isLoose = loose.includes(each)
    if (targets.length === 0)
      item.differs("lost", `No zone stands for ${scope.kind} ${scope.name}: its devices are not known.`)
    const isRated = types.some(({ members }) => members.some(({ type }) => type.takes === "rate"))
    if (loose.length > 0) unquotedTypes(item, each, { isLoose, isRated }, unquoted, context)
    if (each.afterGroup && !isLoose) behindGroup(item, each, types, context)
    if (context.exact && item.owner === "nothing") continue
    if (context.exact && item.owner === "refused") {
      item.differs("same", "FireHOL loads nothing of it, and so the policy has nothing.")
      continue
    }
    askType(each, isLoose ? [] : args, { line, item, targets, context, accepted })
  }
  refuseTogether(items)
  return items
}

/** FireHOL stops at the first type that is wrong: nothing is left of the others on the line. */
function refuseTogether(items: readonly Item[]): void {
  const wrong = items.find(({ owner }) => owner === "refused")
  if (wrong) for (const item of items) item.owned("refused", wrong.ownerDoes)
}

function unquotedTypes(
  item: Item,
  each: WrittenType,
  { isLoose, isRated }: { readonly isLoose: boolean; readonly isRated: boolean },
  unquoted: readonly string[],
  context: Context,
): void {
  item.tell(
    "firehol-unquoted-types",
    `"${unquoted.join(" ")}" stands where the rate should: the quotation marks around the types are missing`,
    'protection "syn-floods malformed-xmas"',
  )
  if (isRated)
    refuse(item, context, `${unquoted[0]} becomes the rate of the limit, and iptables-restore stops at it.`)
  else if (isLoose)
    item.owned(
      "nothing",
      `${each.word}: FireHOL takes it for a word that it does not need, and leaves it out.`,
    )
  if (isLoose && !context.exact)
    item.differs("stricter", "What is written is carried over as if it were in quotation marks.")
}

function behindGroup(item: Item, each: WrittenType, types: readonly WrittenType[], context: Context): void {
  const group = types.find(({ isGroup }) => isGroup)!.word
  item.tell(
    "firehol-after-group",
    `${each.word} stands behind ${group} in one list, and FireHOL reads nothing behind a group`,
    `protection ${each.word}, on a line of its own`,
  )
  item.owned("nothing", `${each.word}: left out without a word, for it stands behind ${group}.`)
  if (!context.exact) item.differs("stricter", `${each.word} is carried over, as it is written.`)
}

function askType(
  written: WrittenType,
  args: readonly string[],
  around: Omit<Asked, "word" | "type" | "group">,
): void {
  const { item } = around
  checkPlace(around)
  for (const { word, type } of written.members) {
    const asked: Asked = { ...around, word, type, ...(written.isGroup && { group: written.word }) }
    if (type.takes === "nothing") askFlags(asked)
    else if (type.takes === "rate") askRate(asked, args)
    else if (type.takes === "connections") askConnections(asked, args)
    else askConnectionRate(asked, args)
  }
  const floods = written.members.some(({ type }) => type.takes === "rate")
  const extra = floods
    ? args.slice(2)
    : written.members.some(({ type }) => type.takes !== "nothing")
      ? []
      : args
  if (extra.length > 0 && !item.command.text.includes('""')) {
    item.tell("firehol-ignored-words", `FireHOL does not read "${extra.join(" ")}" here, and does not say so`)
    item.owned("partly", `"${extra.join(" ")}" is left out.`)
  }
  if (item.ownerDoes === "") item.ownerDoes = `${written.word}: dropped, as the manual says.`
}

/** A name that makes a chain too long, addresses of one family. */
function checkPlace({ line, item, context }: Omit<Asked, "word" | "type" | "group">): void {
  const { scope, groups } = line
  // A chain of iptables has at most 28 characters: pr_, the name, _, three letters and a number.
  const room = 28 - "pr__nsn99".length
  if (groups.length === 0 && scope.name.length > room) {
    item.tell(
      "firehol-name",
      `"${scope.name}" makes names of chains longer than the 28 characters that iptables takes`,
    )
    refuse(item, context, `The chains of "${scope.name}" have names that are too long.`)
  }
}

function askFlags(asked: Asked): void {
  const { type, item, line, context, group, word } = asked
  if (word === "fragments") {
    askFragments(asked)
    return
  }
  if (word === "invalid") {
    askInvalid(asked)
    return
  }
  if (word === "malformed-bad") {
    item.differs(
      "stricter",
      "malformed-bad is FireHOL 3.1.8's eleven combinations of flags; 3.1.7 knows four.",
    )
  }
  hidden(asked, "tcp")
  const reach = reachOf([...line.groups, line.scope.parameters], context.sets)
  if (reach.from || reach.notFrom || reach.to || reach.others.length > 0) {
    item.differs("stricter", `${group ?? word} is for all sources: these packets have no honest sender.`)
  }
  give(asked, type.name, familiesOf(line.families))
}

function askFragments(asked: Asked): void {
  const { item, group, line, context } = asked
  item.tell(
    "firehol-fragments",
    "FireHOL emits no rule for fragments: connection tracking has put them together before",
    undefined,
    "lint",
  )
  item.owned("partly", group ? `${group}: no rule stands for fragments.` : "")
  if (group === undefined) item.owned("nothing", "fragments: no rule stands for it, in any version.")
  if (group !== undefined) {
    if (!context.exact) {
      item.differs(
        "same",
        "Fragments stay let through, as FireHOL does it: fragments: drop would stop DNSSEC, IKE and NFS, which pass today.",
      )
    }
    return
  }
  if (context.exact) return
  give(asked, "fragments", { ...familiesOf(line.families), options: { which: "tiny-and-overlapping" } })
  item.differs(
    "stricter",
    "Fragments that hide something are dropped; all of them, which DNSSEC, IKE and NFS need, would be fragments: drop.",
  )
}

function askInvalid(asked: Asked): void {
  const { item, line, context, group } = asked
  const name = group ?? "invalid"
  const isGlobal = variable(context, "FIREHOL_DROP_INVALID") !== "0"
  const { word, closed } = policyOf(line.scope, context)
  if (isGlobal && line.scope.kind === "interface" && !closed) {
    item.tell(
      "firehol-invalid-unchecked",
      `invalid emits no rule, and the rules at the end that drop INVALID packets are left out with policy ${word}: they are accepted`,
      "FIREHOL_DROP_INVALID=0 makes the line emit its rule",
    )
    item.owned(
      group === undefined ? "nothing" : "partly",
      `${name}: no rule stands for invalid, and policy ${word} lets such packets in.`,
    )
    if (context.exact) return
    item.differs("stricter", "invalid: packets that belong to no connection are dropped, as the manual says.")
  } else if (isGlobal && group === undefined) {
    item.owned(
      "works",
      "invalid: emits no rule of its own; rules that FireHOL always makes drop such packets, on all interfaces.",
    )
  }
  give(asked, "invalid", familiesOf(line.families))
}

function askRate(asked: Asked, args: readonly string[]): void {
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
function askConnections(asked: Asked, args: readonly string[]): void {
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
function askConnectionRate(asked: Asked, args: readonly string[]): void {
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

/** What lines before it have accepted never gets to it. Gives the ports that are left, for `exact`. */
function hidden(
  { accepted, item, word, context, group }: Asked,
  kind: "tcp" | "icmp" | "new",
): readonly string[] | "nothing" | undefined {
  const isAll = accepted.everything || (kind === "icmp" && accepted.icmp)
  if (!isAll && (accepted.ports.length === 0 || kind === "icmp") && !accepted.some) return undefined
  const what = isAll ? "everything" : accepted.ports.length > 0 ? accepted.ports.join(", ") : "some sources"
  if (kind === "icmp" && !isAll) return undefined
  item.tell(
    "firehol-hidden-by-accept",
    `${group ?? word} stands behind line ${accepted.line}, which has let in ${what}: nothing of that gets here`,
    "protections stand before the lines that accept",
  )
  item.owned(
    isAll && group === undefined ? "nothing" : "partly",
    `${group ?? word} does not see what line ${accepted.line} lets in.`,
  )
  if (!context.exact) {
    item.differs("stricter", "It is for the whole interface, wherever the line stands.")
    return undefined
  }
  if (isAll) return "nothing"
  const ports = restOf(accepted.ports)
  return kind === "tcp" ? ports.filter((port) => port.endsWith("/tcp")) : ports
}

function give({ targets, item, line }: Asked, name: string, setting: Setting): void {
  for (const { zone, direction } of targets) {
    zone.ask(name, setting, direction, item)
    const isPassing = direction === "out" && line.scope.kind === "interface"
    const forwards = zone.zone.behind.length > 0 || zone.zone.arriving.some(({ kind }) => kind === "router")
    if (isPassing && forwards)
      item.differs("stricter", `It is for all that leaves ${zone.name}, what is passed on included.`)
  }
}

function familiesOf(families: Families): { families?: Families } {
  return families.four && families.six ? {} : { families }
}

function namesOf(hosts: Hosts | undefined): readonly string[] {
  return hosts ? [...hosts.four, ...hosts.six] : []
}

function optionValue(words: readonly string[], name: string): string | undefined {
  const at = words.indexOf(name)
  return at < 0 ? undefined : words[at + 1]
}

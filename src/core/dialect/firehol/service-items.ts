import { didYouMean } from "../../base/nearest.js"
import { type Context, checkFamilies, refuse, targetsOf } from "./context.js"
import { type Accepted, acceptedBefore } from "./hidden.js"
import { Item } from "./item.js"
import type { ScopeLine } from "./model.js"
import { countAmount, iptablesBurst, rateAmount, readBurst, readRate } from "./rates.js"
import { reachOf } from "./reach.js"
import { type ServiceLine, servicesOf } from "./service-line.js"
import { serviceNames } from "./services.js"
import type { Setting } from "./setting.js"
import { endOf, type ZonePolicy } from "./zone-policy.js"

/** Most addresses that stand in one item of `open`. */
const MOST_HOSTS = 200

/** `server`, `client` and `route`: what they let in becomes `open`. */
export function translateService(line: ScopeLine, context: Context): Item {
  const { scope, command } = line
  const read = servicesOf(line.words, context.variables)
  const reverse = line.verb === "client"
  const item = new Item(command, "works", "", false)
  checkWords(item, read, line, context)
  if (reverse && scope.kind === "interface") {
    item.owned("works", "Lets this host open such connections; without a client line nothing leaves.")
    return item.differs("not-ours", "The policy closes nothing that leaves.")
  }
  const zones = targetsOf(scope, reverse && scope.kind === "router", context).map(({ zone }) => zone)
  if (read.action !== "accept")
    return refusing(item, read, zones, endOf(scope), acceptedBefore(line, reverse, context))
  const from =
    scope.kind === "router"
      ? (reverse ? scope.leaving : scope.devices).join(", ") || "anywhere"
      : scope.devices.join(", ")
  item.owned(
    "works",
    `Lets in new connections to ${read.services.map(({ name }) => name).join(", ")} from ${from}.`,
  )
  if (read.conditions) return conditional(item, read, line, zones, context)
  openAll(item, read, line, zones, context)
  return item
}

function checkWords(
  item: Item,
  { services, parameters, action }: ServiceLine,
  line: ScopeLine,
  context: Context,
): void {
  if (action === "" || services.length === 0) {
    item.tell("firehol-bad-argument", "the line names no service, or no action", "server ssh accept")
    refuse(item, context, "A service or an action is missing.")
  }
  for (const { name, service } of services) {
    if (service) continue
    item.tell(
      "firehol-unknown-service",
      `"${name}" is none of FireHOL's services, and the file defines none of that name`,
      didYouMean(name, serviceNames) ?? `server custom ${name} tcp/80 default accept`,
    )
    item.owned("refused", "")
    refuse(item, context, `FireHOL has no service "${name}".`)
  }
  if (parameters.unknown !== undefined) {
    item.tell("firehol-unknown-parameter", `"${parameters.unknown}" is not a rule parameter`)
    refuse(item, context, `FireHOL cannot understand "${parameters.unknown}".`)
  }
  checkFamilies([parameters, ...line.groups], line.families, item, context)
}

/** drop, reject, tarpit: what is closed anyhow needs no word. */
function refusing(
  item: Item,
  { services, action }: ServiceLine,
  zones: readonly ZonePolicy[],
  end: "here" | "through",
  accepted: Accepted,
): Item {
  const names = services.map(({ name }) => name).join(", ")
  if (accepted.everything) {
    item.tell(
      "firehol-hidden-by-accept",
      `${names} stands behind line ${accepted.line}, which has let in everything: nothing of that gets here`,
      "what is closed stands before what is open",
    )
    return item.owned("nothing", `Line ${accepted.line} lets all of it in before.`)
  }
  item.owned("works", `Closes ${names} (${action}).`)
  const opened = services.flatMap(({ service }) => (service?.service === "ports" ? service.ports : []))
  const needed = zones.filter(
    (zone) => !zone.closes(end) || opened.some((port) => zone.open.has(port) || zone.openHere.has(port)),
  )
  if (needed.length === 0) return item
  item.protects = true
  item.tell("import-not-carried", `${names} is closed by a line of its own, in a zone that is open otherwise`)
  return item.differs("lost", "The policy closes all ports but those under open, or none.")
}

function openAll(
  item: Item,
  read: ServiceLine,
  line: ScopeLine,
  zones: readonly ZonePolicy[],
  context: Context,
): void {
  const ports: string[] = []
  let everything = false
  for (const { name, service } of read.services) {
    if (service?.service === "everything") everything = true
    else if (service?.service === "ports") ports.push(...service.ports)
    else if (service?.service === "icmp")
      item.differs("same", "open lets pings and ICMP errors in, and icmp-floods limits pings.")
    else if (service) {
      item.tell("import-not-carried", `${name} is ${service.why}, which open has no words for`)
      item.differs("stricter", `${name} stays closed where the zone is closed.`)
    }
  }
  const reach = reachOf([read.parameters, ...line.groups, line.scope.parameters], context.sets)
  const end = endOf(line.scope)
  const hosts = [...(reach.from?.four ?? []), ...(reach.from?.six ?? [])]
  const to = [...(reach.to?.four ?? []), ...(reach.to?.six ?? [])]
  const unknown = [...(reach.from?.unknown ?? []), ...(reach.to?.unknown ?? [])]
  const isNarrow = reach.from !== undefined || reach.to !== undefined
  const cannot = [...reach.others, ...unknown]
  const closed = zones.filter((zone) => zone.closes(end))
  if (closed.length === 0) {
    if (zones.length > 0) item.differs("same", "Nothing is closed there, so nothing needs opening.")
    return
  }
  if (cannot.length > 0 || hosts.length > MOST_HOSTS) {
    item.tell(
      "import-not-carried",
      `the policy has no words for ${cannot.join(", ") || "so many addresses"}: the ports stay closed`,
    )
    item.differs("stricter", "Opened for everybody it would be open for those whom the line keeps out.")
    return
  }
  if (reach.notFrom) {
    item.tell("import-not-carried", "open has no hosts that are left out")
    item.differs("looser", "The ports are open for those as well that the line leaves out.")
  }
  const isAll = everything && !reach.ports
  const named = everything ? (reach.ports ?? []) : ports
  const selected = reach.ports ? named.filter((port) => reach.ports!.includes(port)) : named
  for (const zone of closed) {
    if (isNarrow) {
      if (!isAll && selected.length === 0) continue
      zone.openInPart(
        {
          ports: isAll ? "all" : selected,
          ...(hosts.length > 0 && { from: hosts }),
          ...(to.length > 0 && { to }),
          ...(zone.onlyFor(end) && { only: end }),
        },
        item,
      )
      continue
    }
    for (const port of selected) {
      zone.openPort(port, end, item)
    }
  }
  const isOneFamily = closed.some(({ zone }) =>
    [...zone.arriving, ...zone.behind].some(
      ({ families }) => (families.four && !line.families.four) || (families.six && !line.families.six),
    ),
  )
  if (isOneFamily && !isNarrow) {
    item.differs("looser", "open is for both families of addresses, the line is for one.")
  }
}

/** `accept with limit 10/sec 20`: the port is open, and limited. */
function conditional(
  item: Item,
  read: ServiceLine,
  line: ScopeLine,
  zones: readonly ZonePolicy[],
  context: Context,
): Item {
  const words = read.conditions!
  const kind = words[0] ?? ""
  item.protects = true
  const ports = read.services.flatMap(({ service }) => (service?.service === "ports" ? service.ports : []))
  if (kind === "knock") {
    item.owned("works", "Only for whom knockd lets in.")
    item.tell("import-not-carried", "the policy knows no port knocking: the port stays closed")
    return item.differs("lost", "Opened for all it would be open to those who do not knock.")
  }
  if (words.includes("above")) {
    item.tell(
      "firehol-bad-argument",
      `${kind} above lets in those who are above the limit, and nobody else`,
      `with ${words.join(" ").replace("above", "upto")}`,
    )
    item.owned("partly", "Lets in only those who are above the limit.")
    return item.differs("lost", "What limit is meant is not guessed: the port stays closed.")
  }
  const asked = limitOf(words, ports, context.exact)
  if (!asked) {
    item.tell(
      "firehol-bad-argument",
      `"with ${words.join(" ")}" is not a condition that FireHOL takes`,
      "server ssh accept with limit 10/minute 5",
    )
    refuse(item, context, `FireHOL cannot understand "with ${words.join(" ")}".`)
    return item.differs(context.exact ? "same" : "lost", "What limit is meant is not guessed.")
  }
  if (asked.isClosed) {
    item.owned("partly", asked.does)
    return item.differs("same", "The port stays closed.")
  }
  const isPing = read.services.every(({ service }) => service?.service === "icmp")
  if (isPing && (kind === "limit" || kind === "hashlimit")) return limitPings(item, asked, line, zones)
  openAll(item, read, line, zones, context)
  item.owned(asked.owner ?? "works", asked.does)
  if (asked.why !== undefined) item.differs(asked.relation, asked.why)
  if (ports.length === 0) return item.differs("lost", "A limit for these services cannot be said.")
  for (const zone of zones) {
    const name =
      asked.names.find(
        (each) => zone.setting(each) === undefined || isAlike(zone.setting(each)!, asked.setting),
      ) ?? asked.names[0]!
    if (name === "port-floods") portFloods(zone, ports, asked.setting, item)
    else zone.ask(name, asked.setting, "in", item)
  }
  return item
}

/** Pings are not closed, and have a limit of their own. */
function limitPings(item: Item, asked: Limited, line: ScopeLine, zones: readonly ZonePolicy[]): Item {
  const { ports: _ports, ...setting } = asked.setting
  const { four, six } = line.families
  item.owned("works", asked.does)
  for (const zone of zones)
    zone.ask("icmp-floods", { ...setting, ...(four && six ? {} : { families: line.families }) }, "in", item)
  return item.differs(asked.relation, asked.why ?? "Pings beyond the limit are dropped, and all others pass.")
}

function isAlike(left: Setting, right: Setting): boolean {
  return left.amount?.text === right.amount?.text && left.ports !== undefined
}

interface Limited {
  readonly names: readonly string[]
  readonly setting: Setting
  readonly owner?: "partly"
  readonly does: string
  /** It lets nobody in. */
  readonly isClosed?: boolean
  readonly relation: "same" | "stricter" | "looser"
  readonly why?: string
}

function limitOf(words: readonly string[], ports: readonly string[], exact: boolean): Limited | undefined {
  const [kind, ...rest] = words
  if (kind === "limit") {
    const rate = readRate(rest[0] ?? "")
    const burst = readBurst(rest[1] ?? "")
    if (!rate || burst === undefined) return undefined
    const amount = rateAmount(rate, burst)
    const does = `No more than ${amount.text}, all clients together; the rest is ${/^(?:drop|deny)$/i.test(rest[3] ?? "") ? "dropped" : "rejected"}.`
    return {
      names: ["connection-rate", "all-floods"],
      setting: { amount, ports, ...(exact && { per: "everyone" }) },
      does,
      relation: exact ? "same" : "looser",
      ...(!exact && { why: "Each source has the limit for itself, so that one cannot shut out all others." }),
    }
  }
  if (kind === "hashlimit") {
    const [, bound, text = "", ...options] = rest
    const rate = readRate(text)
    const value = (name: string) => (options.includes(name) ? options[options.indexOf(name) + 1] : undefined)
    const burst = readBurst(value("burst") ?? `${iptablesBurst}`)
    if (!rate || burst === undefined || bound !== "upto") return undefined
    const mode = value("mode") ?? "srcip,dstport"
    const mask = Number(value("srcmask") ?? 32)
    const isSource = mode.split(",").includes("srcip")
    const per = !isSource ? "everyone" : mask > 0 && mask < 32 ? `/${mask}` : undefined
    return {
      names: ["connection-rate", "all-floods"],
      setting: { amount: rateAmount(rate, burst), ports, ...(per !== undefined && { per }) },
      does: `No more than ${text} with bursts of ${burst}, by ${mode}.`,
      relation: /port|dstip/.test(mode) && ports.length > 1 ? "stricter" : "same",
      ...(/port|dstip/.test(mode) &&
        ports.length > 1 && { why: "A source has one limit for all these ports together." }),
    }
  }
  if (kind === "connlimit") {
    const bound = rest[0] === "upto" || rest[0] === "above" ? rest[0] : undefined
    const count = Number(rest[bound === undefined ? 0 : 1])
    if (bound !== "upto" || !Number.isInteger(count) || count < 1) return undefined
    const mask = rest.includes("mask") ? Number(rest[rest.indexOf("mask") + 1]) : 32
    const per = rest.includes("daddr") ? "everyone" : mask > 0 && mask < 32 ? `/${mask}` : undefined
    return {
      names: ["connections"],
      setting: { amount: countAmount(count), ports, ...(per !== undefined && { per }) },
      does: `No more than ${count} connections at once from one client, to whatever service.`,
      relation: "looser",
      why: "The policy counts the connections to these ports; FireHOL those to all.",
    }
  }
  if (kind === "recent") {
    const [, seconds = "", hits = ""] = rest
    if (!/^\d{1,7}$/.test(seconds) || !/^\d{1,7}$/.test(hits) || Number(seconds) < 1 || Number(hits) < 1)
      return undefined
    // The connection is stamped before its stamps are counted: the one that makes them `hits` is not let in.
    const most = Number(hits) - 1
    const limit = exact ? most : Number(hits)
    return {
      names: ["port-floods"],
      setting: {
        amount: {
          text: `more than ${limit} in ${Number(seconds)}s`,
          rate: limit / Number(seconds),
          burst: limit,
        },
        ports,
      },
      owner: "partly",
      does: `Lets in ${most} of the ${hits} connections that the manual promises in ${seconds} seconds, and then none until there is quiet.`,
      isClosed: exact && most === 0,
      relation: exact ? "stricter" : "looser",
      why: exact
        ? `Who tries more often is kept away from the port until quiet for ${seconds} seconds; FireHOL forgets stamps one by one.`
        : `The policy lets in ${hits}, as the manual says.`,
    }
  }
  return undefined
}

/** Each port has a setting of its own there. */
function portFloods(zone: ZonePolicy, ports: readonly string[], setting: Setting, item: Item): void {
  const limit = setting.amount!.text
  const seconds = limit.split(" in ")[1]!
  const before = (zone.fixedValue("port-floods") ?? {}) as Record<string, never>
  const own = Object.fromEntries(
    ports
      .filter((port) => !Object.hasOwn(before, port))
      .map((port) => [port, { limit, action: "drop", "block-for": seconds, lift: "until-quiet" }]),
  )
  if (Object.keys(own).length < ports.length)
    item.differs("lost", `${zone.name} has a limit for the port already.`)
  if (Object.keys(own).length > 0) zone.fix("port-floods", { ...before, ...own }, "in", item)
}

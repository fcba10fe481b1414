import { type Context, checkFamilies, policyOf, refuse, tellNamed, variable } from "./context.js"
import { Item } from "./item.js"
import { addBlocked } from "./lists.js"
import type { Scope, ScopeLine } from "./model.js"
import { reachOf } from "./reach.js"
import { servicesOf } from "./service-line.js"
import { flow } from "./setting.js"
import { endOf, type ZonePolicy } from "./zone-policy.js"
import { isAny } from "./zones.js"

/** iptables' names of chains have 28 characters; `in_` stands before it, `out_` has one more. */
const NAME_MOST = 24

/** Whether new connections are let in to all ports, and by which line. */
function opener(scope: Scope, verb: "server" | "client", context: Context): string | undefined {
  if (verb === "server") {
    const { word, closed } = policyOf(scope, context)
    if (!closed) return `policy ${word} of ${scope.kind} ${scope.name}`
  }
  const line = scope.lines.find((each) => each.verb === verb && opensAll(each, context))
  return line && `line ${line.command.span.line}`
}

function opensAll(line: ScopeLine, context: Context): boolean {
  if (line.command.uncertain !== undefined) return false
  const { services, action, conditions, parameters } = servicesOf(line.words, context.variables)
  const isAll = services.some(({ service }) => service?.service === "everything")
  if (!isAll || action !== "accept" || conditions) return false
  const reach = reachOf([parameters, ...line.groups, line.scope.parameters], context.sets)
  return !reach.from && !reach.notFrom && !reach.to && !reach.ports && reach.others.length === 0
}

/** A scope of a zone, and by which line it lets in everything. */
interface Opener {
  readonly scope: Scope
  readonly by: string
}

/** What opens an end of a zone altogether: interfaces this host, routers what is passed on. */
function openersOf(
  { zone }: ZonePolicy,
  context: Context,
): { readonly here?: Opener; readonly through?: Opener; readonly hasRouter: boolean } {
  const find = (scopes: readonly Scope[], verb: "server" | "client"): Opener | undefined => {
    for (const scope of scopes) {
      const by = opener(scope, verb, context)
      if (by !== undefined) return { scope, by }
    }
    return undefined
  }
  const interfaces = zone.arriving.filter(({ kind }) => kind === "interface")
  const routers = zone.arriving.filter(({ kind }) => kind === "router")
  const here = find(interfaces, "server")
  const through = find(routers, "server") ?? find(zone.behind, "client")
  return {
    ...(here && { here }),
    ...(through && { through }),
    hasRouter: routers.length > 0 || zone.behind.length > 0,
  }
}

/**
 * Decides which zones are closed, and at which end, before the lines that open ports are read. A host that no router is written for is taken to pass nothing on, so that its open interface
 * makes an open zone.
 */
export function closeZones(context: Context): void {
  for (const zone of context.zones) {
    if (zone.zone.devices.includes("lo")) continue
    const { here, through, hasRouter } = openersOf(zone, context)
    zone.hasRouter = hasRouter
    zone.closed = !(here && (through || !hasRouter))
    zone.openEnd = !zone.closed ? undefined : here ? "here" : through ? "through" : undefined
  }
}

/** `interface` and `router`: what they close. */
export function translateScope(scope: Scope, context: Context, left: readonly string[]): Item {
  const { closed, word } = policyOf(scope, context)
  const zones = context.zones.filter(({ zone }) => zone.arriving.includes(scope))
  const item = new Item(scope.command, "works", "", closed)
  checkName(scope, item, context)
  checkFamilies([scope.parameters], scope.families, item, context)
  const from = scope.devices.join(", ") || "all interfaces"
  if (closed) {
    item.owned(
      "works",
      scope.kind === "interface"
        ? `Closes ${from} in both directions for what no line opens, invalid packets included (policy ${word}).`
        : `Lets nothing through from ${from} that no line opens.`,
    )
  } else item.owned("works", `Leaves ${from} open to what no line drops (policy ${word}).`)
  if (scope.parameters.unknown !== undefined) {
    item.tell("firehol-unknown-parameter", `"${scope.parameters.unknown}" is not a rule parameter`)
    refuse(item, context, `FireHOL cannot understand "${scope.parameters.unknown}".`)
  }
  if (zones.length === 0) {
    item.tell("import-not-carried", `no device of a policy stands for "${from}"`)
    return item.differs("lost", "A zone is made of devices with names.")
  }
  if (left.length > 0) {
    item.tell(
      "import-not-carried",
      `${left.join(", ")} would hold devices that other lines name, and a device is in one zone`,
      "name the devices that are meant",
    )
    item.differs("lost", `Devices of ${left.join(", ")} are in no zone.`)
  } else if (scope.devices.some(isAny))
    item.differs(
      "same",
      "any is every device by the usual names, without loopback and the bridges of containers.",
    )
  if (closed) for (const zone of zones) close(zone, scope, item, context)
  if (scope.kind === "router") dropOrphans(scope, item, context)
  sourcesOf(scope, zones, item, context)
  return item
}

function close(zone: ZonePolicy, scope: Scope, item: Item, context: Context): void {
  const end = endOf(scope)
  if (!zone.closes(end)) {
    const opened = openersOf(zone, context)[end]
    if (!opened || opener(scope, "server", context) !== undefined) {
      if (!zone.closed) item.protects = false
      const by = opened?.by ?? "FireHOL itself, which lets everything pass on lo,"
      item.differs("same", `${by} opens it altogether.`)
      if (zone.closed && opened)
        item.becomes.push(`${zone.path("open")}: ${flow({ ports: "all", only: end })}`)
      if (zone.closed && end === "through") othersPass(zone, scope, item)
      return
    }
    item.tell("import-not-carried", `${zone.name} is opened altogether by ${opened.by}`)
    item.differs(
      "lost",
      `What ${opened.scope.kind} ${opened.scope.name} lets in, ${scope.kind} ${scope.name} cannot close.`,
    )
    return
  }
  item.becomes.push(zone.path("open"))
  zone.ask("invalid", familiesOf(zone), "in", item)
  const names = scope.lines
    .filter(({ verb }) => verb === "server")
    .flatMap(({ words }) => servicesOf(words, context.variables).services)
  const pings = names.some(({ service }) => service?.service === "icmp")
  const why = [
    ...(scope.kind === "interface" ? ["what this host opens itself is not closed"] : []),
    ...(pings ? [] : ["pings pass"]),
    "clients with source ports below 1024 get in",
  ]
  item.differs("looser", `${zone.name} is closed to new connections; ${why.join(", ")}.`)
}

/** `open` does not ask where a packet leaves. */
function othersPass({ name }: ZonePolicy, { leaving }: Scope, item: Item): void {
  if (leaving.length > 0 && !leaving.some(isAny))
    item.differs(
      "looser",
      `What arrives on ${name} is let through to all networks, and not to ${leaving.join(", ")} alone.`,
    )
}

/** Before all routers stand rules of FireHOL's own: TCP of no connection, and what conntrack cannot place, is dropped in both directions. */
function dropOrphans(scope: Scope, item: Item, context: Context): void {
  const families = scope.families.four && scope.families.six ? {} : { families: scope.families }
  const names = [
    ...(variable(context, "FIREHOL_DROP_ORPHAN_TCP_ACK") === "0" ? [] : ["new-tcp-without-syn"]),
    ...(variable(context, "FIREHOL_DROP_INVALID") === "0" ? [] : ["invalid"]),
  ]
  for (const zone of context.zones) {
    if (!zone.zone.arriving.includes(scope) && !zone.zone.behind.includes(scope)) continue
    for (const name of names) zone.ask(name, families, "in", item)
  }
  if (names.length > 0)
    item.owned("works", "What is passed on without belonging to a connection is dropped before.")
}

function familiesOf({ zone }: ZonePolicy) {
  const four = zone.arriving.some(({ families }) => families.four)
  const six = zone.arriving.some(({ families }) => families.six)
  return four && six ? {} : { families: { four, six } }
}

/** Sources that an interface is not for are dropped altogether: nothing else lets them in. */
function sourcesOf(scope: Scope, zones: readonly ZonePolicy[], item: Item, context: Context): void {
  const { from, notFrom, ...rest } = reachOf([scope.parameters], context.sets)
  const isAlone = zones.every(
    ({ zone }) => zone.arriving.filter(({ kind }) => kind === "interface").length === 1,
  )
  const { closed } = policyOf(scope, context)
  if (isAlone && notFrom && notFrom.unknown.length === 0) {
    const { four, six } = scope.families
    const sources = [...(four ? notFrom.four : []), ...(six ? notFrom.six : [])]
    for (const zone of zones) addBlocked(zone, sources, [], "in", item)
    tellNamed(item, valuesOf(scope, "src"), true, scope.families)
    if (scope.kind === "router") item.differs("stricter", "Those sources are kept from this host as well.")
    take(scope, (name, not) => not && name.startsWith("src"))
  }
  const isOnly = zones.every(({ zone }) => zone.arriving.length === 1)
  if (from && from.unknown.length === 0 && isOnly && scope.kind === "interface" && !rest.to) {
    const all = [...(scope.families.four ? ["0.0.0.0/0"] : []), ...(scope.families.six ? ["::/0"] : [])]
    for (const zone of zones) addBlocked(zone, all, [...from.four, ...from.six], "in", item)
    take(scope, (name, not) => !not && name.startsWith("src"))
  }
  const left = scope.parameters.all.map(({ name, not }) => (not ? `${name} not` : name))
  if (!closed && scope.kind === "interface" && left.length > 0) {
    item.protects = true
    item.differs(
      "looser",
      `FireHOL lets in only what ${[...new Set(left)].join(" and ")} names, and drops the rest; the policy closes nothing there.`,
    )
  }
}

function valuesOf(scope: Scope, side: "src" | "dst"): readonly string[] {
  return scope.written.all.filter(({ name }) => name.startsWith(side)).flatMap(({ values }) => values)
}

function take(scope: Scope, isTaken: (name: string, not: boolean) => boolean): void {
  const { all, unknown } = scope.parameters
  scope.parameters = {
    all: all.filter(({ name, not }) => !isTaken(name, not)),
    ...(unknown !== undefined && { unknown }),
  }
}

function checkName(scope: Scope, item: Item, context: Context): void {
  if (scope.name === "") {
    item.tell("firehol-bad-argument", `${scope.kind} has no name`)
    refuse(item, context, `A ${scope.kind} without a name is an error.`)
  } else if (scope.name.length > NAME_MOST) {
    item.tell(
      "firehol-name",
      `"${scope.name}" makes names of chains longer than the 28 characters that iptables takes`,
    )
    refuse(item, context, `The chains of "${scope.name}" have names that are too long.`)
  }
}

/** The same name twice: "Chain already exists". */
export function checkNames(
  scopes: readonly Scope[],
  items: ReadonlyMap<Scope, Item>,
  context: Context,
): void {
  const first = new Map<string, Scope>()
  for (const scope of scopes) {
    const other = first.get(scope.name)
    const item = items.get(scope)
    const isApart = other && !shareFamily(other, scope)
    if (other && item && scope.name !== "" && !isApart) {
      item.tell(
        "firehol-name",
        `"${scope.name}" is the name of line ${other.command.span.line} as well, and their chains are the same`,
      )
      refuse(item, context, `The chains of "${scope.name}" are there already.`)
    }
    if (!other) first.set(scope.name, scope)
  }
}

function shareFamily(left: Scope, right: Scope): boolean {
  return (left.families.four && right.families.four) || (left.families.six && right.families.six)
}

export function translatePolicy(line: ScopeLine, context: Context): Item {
  const word = (line.words[0] ?? "").toLowerCase()
  const item = new Item(line.command, "works", `What no line of ${line.scope.name} opens: ${word}.`, false)
  const last = line.scope.lines.findLast(({ verb }) => verb === "policy")
  if (last !== line) return item.owned("nothing", "A later policy line takes its place.")
  if (word === "reject") item.differs("same", "The policy drops; nobody is told.")
  if (word === "return" && variable(context, "UNMATCHED_INPUT_POLICY") === undefined)
    item.owned("works", "What is left is dropped at the end.")
  return item
}

import { isProblem } from "../../base/diagnostic.js"
import type { ImportOptions } from "../imported.js"
import { readBlacklist } from "./blacklist-line.js"
import { type Context, checkFamilies, refuse, tellNamed } from "./context.js"
import { Item } from "./item.js"
import type { LooseLine } from "./model.js"
import { networksOf } from "./networks.js"
import { type Parameters, readParameters } from "./parameters.js"
import { reachOf } from "./reach.js"
import type { Command } from "./run.js"
import type { ZonePolicy } from "./zone-policy.js"
import { deviceOf } from "./zones.js"

/** Members of sets that stand in the configuration or in a file that it names; more than so many are not copied into a policy. */
const MOST_MEMBERS = 2000

/** Sets that the configuration makes and fills itself. Those that something else fills are not in it. */
export function staticSets(
  commands: readonly Command[],
  options: ImportOptions,
): ReadonlyMap<string, readonly string[]> {
  const sets = new Map<string, string[]>()
  const isDynamic = new Set<string>()
  for (const { name, words, span, uncertain, skipped } of commands) {
    if (skipped !== undefined) continue
    if (!/^ipset[46]?$/.test(name)) continue
    const [verb = "", set = "", ...rest] = words
    if (uncertain !== undefined) isDynamic.add(set)
    const members = sets.get(set) ?? []
    if (verb === "add" && rest[0] !== undefined) members.push(...(networksOf(rest[0]) ?? []))
    else if (verb === "addfile") {
      const path = rest.find((word) => !["ip", "ips", "net", "nets"].includes(word))
      const file = path === undefined ? undefined : options.read(path, span.file)
      const read = file && !isProblem(file) ? addressesOf(file.text) : undefined
      if (read === undefined || members.length + read.length > MOST_MEMBERS) isDynamic.add(set)
      else members.push(...read)
    } else continue
    sets.set(set, members)
  }
  for (const set of isDynamic) sets.delete(set)
  return sets
}

function addressesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/[#;].*/, "").trim())
    .filter((line) => line !== "")
    .flatMap((line) => networksOf(line) ?? [])
}

const doings = {
  full: "Drops what comes from the addresses, and rejects what goes to them.",
  stateful: "Drops new connections from the addresses, and rejects new ones to them.",
  input: "Drops new connections from the addresses.",
} as const

/** `blacklist full inface eth0 log "BAD" 192.0.2.1 ipset:bad except src 192.0.2.9` */
export function translateBlacklist(line: LooseLine, context: Context, traps: ReadonlySet<string>): Item {
  const item = new Item(line.command, "works", "", true)
  const { kind, values, devices, isNotDevices, log, except, unknown } = readBlacklist(line.words)
  item.owned("works", doings[kind])
  if (log.verb === "log") {
    item.tell(
      "firehol-unlimited-log",
      "blacklist writes a line for each packet that it drops, however many there are",
      `loglimit "${log.text}"`,
    )
  }
  if (unknown !== undefined || values.length === 0) {
    item.tell(
      "firehol-bad-argument",
      unknown === undefined ? "blacklist names no address" : `"${unknown}" is no address`,
      "blacklist4 full 192.0.2.1",
    )
    refuse(item, context, unknown === undefined ? "It names no address." : `"${unknown}" is no address.`)
    return item.differs(context.exact ? "same" : "lost", "What is meant is not guessed.")
  }
  checkFamilies([{ all: [{ name: "src", not: false, values }] }, ...except], line.families, item, context)
  if (context.exact && item.owner === "refused")
    return item.differs("same", "FireHOL loads nothing of it, and so the policy has nothing.")
  if (isNotDevices) return reportUnknown(item, "inface not")
  const { members, dynamic } = membersOf(values, context)
  const trapped = dynamic.filter((value) => traps.has(value.replace(/^ipset[46]?:/, "")))
  const lost = dynamic.filter((value) => !trapped.includes(value))
  if (lost.length > 0) {
    item.tell(
      "import-not-carried",
      `the members of ${lost.join(", ")} stand in the kernel, not in the file`,
      "blocklist: [FILE] reads a list of addresses, one a line",
    )
    item.differs("lost", "A list that something else fills is not in the policy.")
  }
  if (trapped.length > 0) item.differs("same", "Whom iptrap has caught is kept out by decoy-ports.")
  tellNamed(item, values, true, line.families)
  const off = sparedBy(except, item, context)
  if (members.length === 0) return item
  if (kind !== "full")
    item.differs(
      "stricter",
      "All packets from the addresses are dropped, answers to connections of this side included.",
    )
  const zones = zonesFor(devices, context)
  if (zones.length === 0) return item.differs("lost", "No zone stands for its interfaces.")
  for (const zone of zones) {
    addBlocked(zone, members, off, "in", item)
    if (kind !== "input") addBlocked(zone, members, off, "out", item)
  }
  return item
}

function membersOf(values: readonly string[], { sets }: Context) {
  const members: string[] = []
  const dynamic: string[] = []
  for (const value of values) {
    const set = /^ipset[46]?:(.+)$/.exec(value)?.[1]
    const found = set === undefined ? networksOf(value) : sets.get(set)
    if (found) members.push(...found)
    else dynamic.push(value)
  }
  return { members, dynamic }
}

/** The hosts that stand behind `except`. */
function sparedBy(except: readonly Parameters[], item: Item, context: Context): readonly string[] {
  return except.flatMap((parameters) => {
    const { from, notFrom, to, ports, ...reach } = reachOf([parameters], context.sets)
    const others = [
      ...reach.others,
      ...(notFrom ? ["src not"] : []),
      ...(to ? ["dst"] : []),
      ...(ports ? ["ports"] : []),
    ]
    const cannot = [...others, ...(from?.unknown ?? []), ...(parameters.unknown ? [parameters.unknown] : [])]
    if (cannot.length > 0) {
      item.differs("stricter", `What stands behind except is not left out: ${cannot.join(", ")}.`)
      if (others.length > 0) return []
    }
    return [...(from?.four ?? []), ...(from?.six ?? [])]
  })
}

/** More addresses for a zone's blocklist. */
export function addBlocked(
  zone: ZonePolicy,
  members: readonly string[],
  off: readonly string[],
  direction: "in" | "out",
  item: Item,
): void {
  const before = zone.fixedValue("blocklist", direction) as
    | { readonly addresses?: readonly string[]; readonly for?: Record<string, "off"> }
    | readonly string[]
    | undefined
  const isList = Array.isArray(before)
  const old = isList
    ? (before as readonly string[])
    : ((before as { addresses?: readonly string[] } | undefined)?.addresses ?? [])
  const spared = { ...(isList ? {} : (before as { for?: Record<string, "off"> } | undefined)?.for) }
  for (const host of off) spared[host] = "off"
  const addresses = [...new Set([...old, ...members])]
  const value = Object.keys(spared).length > 0 ? { addresses, for: spared } : addresses
  zone.fix("blocklist", value, direction, item)
}

function zonesFor(devices: readonly string[], { zones }: Context): readonly ZonePolicy[] {
  if (devices.length === 0) return zones
  const wanted = devices.map((device) => deviceOf(device))
  return zones.filter(({ zone }) => zone.devices.some((device) => wanted.includes(device)))
}

function reportUnknown(item: Item, word: string): Item {
  item.tell("import-not-carried", `the policy has no words for ${word} at this place`)
  return item.differs("lost", "What it is limited to cannot be said, and for all it would keep out others.")
}

/** `iptrap4 trap src 3600 inface eth0 proto tcp dport "23 3389"`: who comes there is put into a set; a blacklist of the set keeps it out. */
export function translateTrap(line: LooseLine, context: Context, blacklisted: ReadonlySet<string>): Item {
  const item = new Item(line.command, "works", "", true)
  const [set = "", type = "", seconds = "", ...rest] = line.words
  const { words, hasExcept } = trapWords(rest)
  const parameters = readParameters(words)
  const devices = parameters.all
    .filter(({ name, not }) => name === "inface" && !not)
    .flatMap(({ values }) => values)
  const reach = reachOf([{ all: parameters.all.filter(({ name }) => name !== "inface") }], context.sets)
  item.owned("works", `Puts who comes there into the set ${set} for ${seconds} seconds.`)
  if (line.families.four && line.families.six) {
    item.tell(
      "firehol-bad-argument",
      "iptrap is for one family of addresses: a set holds one",
      `iptrap4 ${line.words.slice(0, 3).join(" ")} …`,
    )
    refuse(item, context, "iptrap is an error in a line for both families.")
    if (context.exact)
      return item.differs("same", "FireHOL loads nothing of it, and so the policy has nothing.")
  }
  if (!blacklisted.has(set)) {
    item.owned("nothing", "No blacklist of the file names the set, so nobody is kept out for it.")
    item.protects = false
    return item.differs("not-ours", "A set that nothing asks for keeps nobody out.")
  }
  const isRead =
    parameters.unknown === undefined &&
    /^(?:src|dst)(?:,(?:src|dst))*$/.test(type) &&
    /^[1-9]\d{0,7}$/.test(seconds)
  if (!isRead) {
    item.tell(
      "firehol-bad-argument",
      `"${line.words.join(" ")}" is not what iptrap takes`,
      "iptrap4 trap src 3600 inface eth0 proto tcp dport 3306",
    )
    refuse(item, context, "FireHOL cannot understand the line.")
    return item.differs(context.exact ? "same" : "lost", "What is meant is not guessed.")
  }
  const zones = zonesFor(devices, context)
  const cannot = [
    ...reach.others,
    ...(reach.to || reach.from || reach.notFrom ? ["src or dst"] : []),
    ...(hasExcept ? ["except"] : []),
    ...(type === "src" ? [] : [`a set of ${type}`]),
  ]
  if (!reach.ports || cannot.length > 0 || zones.length === 0) {
    return reportUnknown(
      item,
      zones.length === 0 ? "its interfaces" : cannot.length > 0 ? cannot.join(", ") : "a trap without ports",
    )
  }
  for (const zone of zones) {
    if (zone.has("decoy-ports"))
      item.differs("lost", `${zone.name} has decoy-ports already, with one time for all.`)
    else
      zone.fix(
        "decoy-ports",
        { ports: reach.ports, limit: "more than 1 in 10m", "block-for": `${Number(seconds)}s` },
        "in",
        item,
      )
  }
  return item.differs(
    "looser",
    "The second contact within ten minutes blocks, for one packet can be forged or mistyped.",
  )
}

/** The rule parameters of a trap, without its own words. */
function trapWords(rest: readonly string[]): {
  readonly words: readonly string[]
  readonly hasExcept: boolean
} {
  const words: string[] = []
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at]!.toLowerCase()
    if (word === "except") return { words, hasExcept: true }
    if (word === "counters" || word === "timeout") continue
    if (/^(?:method|at|chain|tables?|action|log|loglimit|connlog)$/.test(word)) at++
    else words.push(rest[at]!)
  }
  return { words, hasExcept: false }
}

/** `synproxy input inface eth0 dst 192.0.2.1 dport 80 accept` */
export function translateSynproxy(line: LooseLine, context: Context): Item {
  const item = new Item(line.command, "works", "", true)
  item.owned("works", "Answers SYNs with cookies, and opens the connection when the client has answered.")
  item.tell(
    "firehol-synproxy-settings",
    "synproxy sets rp_filter of lo, route_localnet, tcp_loose, syncookies and timestamps, and never sets them back",
    "sysctl net.netfilter.nf_conntrack_tcp_loose=1 net.ipv4.conf.lo.rp_filter=1, after firehol stop",
  )
  const parameters = readParameters(
    line.words
      .slice(1)
      .filter(
        (_, index, words) => index < words.findIndex((word) => /^(accept|dnat|redirect|action)$/.test(word)),
      ),
  )
  const devices = parameters.all
    .filter(({ name, not }) => name === "inface" && !not)
    .flatMap(({ values }) => values)
  const zones = zonesFor(devices, context)
  if (context.exact || zones.length === 0) {
    item.tell("import-not-carried", "the policy has no SYNPROXY")
    return item.differs("lost", "The policy answers nobody in a server's place.")
  }
  for (const zone of zones) {
    if (zone.has("syn-floods")) {
      item.becomes.push(`${zone.path("syn-floods")}: as it is`)
      continue
    }
    const amount = { text: "200/second burst 1000", rate: 200, burst: 1000 }
    zone.ask("syn-floods", { amount }, "in", item)
  }
  return item.differs(
    "looser",
    "Sources are limited, and newcomers have a ceiling, so that a flood neither fills the table nor shuts out those who are known; no cookies are sent.",
  )
}

import type { Draft, DraftMap, Relation } from "../imported.js"
import type { Claim, Shared } from "./claim.js"
import { badCombinations } from "./flags.js"
import { portsOverlap } from "./overlap.js"
import { zonesOf } from "./zones.js"

/** A claim, and where and for whom its rule stands. */
export interface Found {
  readonly claim: Claim
  readonly family: 4 | 6
  /** Whether packets for this host, and packets that are passed on, come to the rule. */
  readonly local: boolean
  readonly forwarded: boolean
  /** As iptables writes them. */
  readonly device?: string
  readonly notDevices: readonly string[]
  readonly spared: readonly string[]
}

export interface Surroundings {
  /** This host may pass packets on. */
  readonly forwards: boolean
  /** Devices that the rules name and that packets from elsewhere may arrive on, as iptables writes them. */
  readonly devices: readonly string[]
  /** The policy does what the rules do, for the IP version that they are for. */
  readonly exact: boolean
}

/** What becomes of a claim. `path` is absent where the policy has something else there already. */
export interface Resolved {
  readonly becomes: readonly string[]
  readonly relation: Relation
  readonly reasons: readonly string[]
  readonly taken?: string
}

export interface Resolution {
  readonly interfaces: DraftMap
  readonly protect: DraftMap
  /** In the order of what was found. */
  readonly resolved: readonly Resolved[]
}

interface Group {
  readonly members: Found[]
  readonly key: string
}

/** All that was found, as zones of a policy: each claim once, with all that it is for. */
export function resolve(found: readonly Found[], surroundings: Surroundings): Resolution {
  const zones = zonesOf(found, surroundings)
  const interfaces: Record<string, Draft> = {}
  const protect: Record<string, Draft> = {}
  const outcomes = new Map<
    Found,
    { becomes: string[]; reasons: Set<string>; looser: boolean; taken?: string }
  >(found.map((each) => [each, { becomes: [], reasons: new Set<string>(), looser: false }]))
  for (const { name, devices, members } of zones) {
    interfaces[name] = devices.length === 0 ? "auto" : devices.length === 1 ? devices[0]! : devices
    const { groups, refused } = groupsOf(members)
    for (const each of refused) outcomes.get(each)!.taken = each.claim.name
    const zone: Record<string, Draft> = {}
    for (const group of groups) {
      const value = groupValue(group, surroundings)
      const facts = factsOf(group)
      const [{ claim }] = group.members as [Found, ...Found[]]
      const path = `protect.${name}.${claim.name}${claim.port === undefined ? "" : `.${claim.port}`}`
      if (claim.port === undefined) zone[claim.name] = join(zone[claim.name], value)
      else zone[claim.name] = join(zone[claim.name], { [claim.port]: value })
      for (const member of group.members) {
        const outcome = outcomes.get(member)!
        const { stricter, looser } = reasonsOf(member, group, facts, surroundings)
        outcome.becomes.push(`${path}: ${inline(ownPart(member, value))}`)
        for (const reason of [...looser, ...stricter]) outcome.reasons.add(reason)
        outcome.looser ||= looser.length > 0
      }
    }
    protect[name] = groups.length === 0 ? { preset: "off" } : zone
  }
  const resolved = found.map((each): Resolved => {
    const { becomes, reasons, looser, taken } = outcomes.get(each)!
    return {
      ...{ becomes, reasons: [...reasons] },
      relation: looser ? "looser" : reasons.size > 0 ? "stricter" : "same",
      ...(taken !== undefined && { taken }),
    }
  })
  return { interfaces, protect, resolved }
}

/** Of a list, what the rule itself adds to it. */
function ownPart({ claim, spared }: Found, value: Draft): Draft {
  const { list, opens } = claim
  if (list === undefined || (claim.name === "open" && !opens)) return value
  if (opens && list.length === 0) return { for: Object.fromEntries(spared.map((host) => [host, "off"])) }
  return opens && list.length === 1 ? list[0]! : list
}

/** A general setting and those of ports stand beside each other. */
function join(before: Draft | undefined, value: Draft): Draft {
  if (typeof before !== "object" || typeof value !== "object") return value
  return { ...(before as DraftMap), ...(value as DraftMap) }
}

function groupsOf(members: readonly Found[]): { groups: readonly Group[]; refused: readonly Found[] } {
  const groups = new Map<string, Group>()
  const refused: Found[] = []
  for (const found of members) {
    const { name, port = "", value } = found.claim
    // On a device that is not closed nothing needs to be opened.
    if (found.claim.opens && !members.some(({ claim }) => claim.name === name && !claim.opens)) continue
    const key = `${name} ${port}`
    const group = groups.get(key)
    if (group === undefined) {
      // One count for the ports of a list, and one for each port, exclude each other.
      const hasPorts = (other: Found) => other.claim.port !== undefined
      const others = members.filter((each) => each.claim.name === name)
      const isListBesideKeys = "ports" in value && others.some(hasPorts) && name === "connections"
      const isInAnother = [...groups.values()].some(
        ({ members: [other] }) =>
          other!.claim.name === name && samePorts(other!.claim.port, found.claim.port),
      )
      if (isListBesideKeys || isInAnother) refused.push(found)
      else groups.set(key, { key, members: [found] })
    } else if (agrees(group.members, found)) group.members.push(found)
    else refused.push(found)
  }
  return { groups: [...groups.values()], refused }
}

function samePorts(left: string | undefined, right: string | undefined): boolean {
  if (left === undefined || right === undefined) return false
  const [one = "", protocol] = left.split("/")
  const [other = "", otherProtocol] = right.split("/")
  const isSame = protocol === undefined || otherProtocol === undefined || protocol === otherProtocol
  return isSame && portsOverlap([one], [other])
}

function agrees(members: readonly Found[], { claim }: Found): boolean {
  if (claim.list !== undefined) return true
  return members.every(
    (other) =>
      JSON.stringify(other.claim.value) === JSON.stringify(claim.value) &&
      sharedAgree(other.claim.per, claim.per),
  )
}

function sharedAgree(left: Shared = {}, right: Shared = {}): boolean {
  if ((left.everyone ?? false) !== (right.everyone ?? false)) return false
  const agree = (one: number | undefined, other: number | undefined) =>
    one === undefined || other === undefined || one === other
  return agree(left.ipv4, right.ipv4) && agree(left.ipv6, right.ipv6)
}

function groupValue({ members }: Group, surroundings: Surroundings): Draft {
  const [{ claim }] = members as [Found, ...Found[]]
  const items = members.flatMap((member) => member.claim.list ?? [])
  const list = [...new Map(items.map((item) => [JSON.stringify(item), item])).values()]
  if (claim.name === "blocklist") return list
  const per = perOf(members.map((member) => member.claim.per ?? {}))
  const spared = sparedByAll(members)
  const other = onlyFamily(members)
  // Nobody wants an IP version closed of which the rules say nothing.
  const isOneSided = surroundings.exact || claim.name === "open"
  const exceptions = [
    ...spared,
    ...(isOneSided && other === 4 ? ["::/0"] : []),
    ...(isOneSided && other === 6 ? ["0.0.0.0/0"] : []),
  ]
  const { limit, ports, ...rest } = claim.value as DraftMap & { limit?: Draft; ports?: Draft }
  const value: DraftMap = {
    ...(limit !== undefined && { limit }),
    ...(per !== undefined && { per }),
    ...(exceptions.length > 0 && { for: Object.fromEntries(exceptions.map((host) => [host, "off"])) }),
    ...(limit !== undefined && claim.name !== "decoy-ports" && { action: "drop" }),
    ...(ports !== undefined && { ports }),
    ...rest,
  }
  if (claim.name === "open") return exceptions.length === 0 ? list : { ports: list, ...value }
  return Object.keys(value).length === 0 ? "drop" : value
}

function perOf(shared: readonly Shared[]): Draft | undefined {
  if (shared.some(({ everyone }) => everyone)) return "everyone"
  const ipv4 = shared.find((each) => each.ipv4 !== undefined)?.ipv4 ?? 32
  const ipv6 = shared.find((each) => each.ipv6 !== undefined)?.ipv6 ?? 64
  if (ipv6 !== 64) return ipv4 === 32 ? { ipv6: `/${ipv6}` } : { ipv4: `/${ipv4}`, ipv6: `/${ipv6}` }
  return ipv4 === 32 ? undefined : `/${ipv4}`
}

/** Spared before every rule that is the same protection. */
function sparedByAll(members: readonly Found[]): readonly string[] {
  // What stays open spares its sources from what is closed.
  if (members.some(({ claim }) => claim.name === "open"))
    return [...new Set(members.flatMap(({ spared }) => spared))]
  const hosts = [...new Set(members.flatMap(({ spared }) => spared))]
  return hosts.filter((host) =>
    members.every(({ spared, family }) => spared.includes(host) || isOfOther(host, family)),
  )
}

function isOfOther(host: string, family: 4 | 6): boolean {
  return host.includes(":") !== (family === 6)
}

function onlyFamily(members: readonly Found[]): 4 | 6 | undefined {
  const [first] = members
  return members.every(({ family }) => family === first?.family) ? first?.family : undefined
}

/** What holds for all that are the same protection: asked once, for there may be thousands. */
interface GroupFacts {
  readonly onlyFamily: 4 | 6 | undefined
  readonly local: boolean
  readonly forwarded: boolean
  readonly spared: readonly string[]
  readonly isWholeOfFlags: boolean
}

function factsOf({ members }: Group): GroupFacts {
  const asking = members.filter(({ claim }) => !claim.opens)
  const covered = new Set(members.flatMap(({ claim }) => claim.flags ?? []))
  return {
    onlyFamily: onlyFamily(members),
    local: asking.some(({ local }) => local),
    forwarded: asking.some(({ forwarded }) => forwarded),
    spared: sparedByAll(members),
    isWholeOfFlags: badCombinations.every((combination) => covered.has(combination)),
  }
}

function reasonsOf(member: Found, { members }: Group, facts: GroupFacts, { forwards, exact }: Surroundings) {
  const { claim, spared } = member
  const stricter = [...claim.stricter]
  if (claim.opens) return { stricter, looser: [...claim.looser, ...openForOne(member, members)] }
  // Addresses are of one IP version by themselves.
  const isOneSided = exact || claim.name === "blocklist" || claim.name === "open"
  const family = isOneSided ? undefined : facts.onlyFamily
  if (family !== undefined)
    stricter.push(`IPv${family === 4 ? 6 : 4} is met as well: the rules are for IPv${family} alone.`)
  if (!facts.local) stricter.push("Packets for this host are met, too.")
  else if (forwards && !facts.forwarded) stricter.push("Packets that this host passes on are met, too.")
  const left = claim.name === "blocklist" ? spared : spared.filter((host) => !facts.spared.includes(host))
  if (left.length > 0) stricter.push(`${left.join(" and ")}, let past before, is met, too.`)
  if (claim.flags !== undefined && !facts.isWholeOfFlags)
    stricter.push("All combinations that contradict themselves are dropped, these among them.")
  return { stricter, looser: claim.looser }
}

function openForOne({ claim, family }: Found, members: readonly Found[]): readonly string[] {
  if (!claim.opens || onlyFamily(members) !== undefined) return []
  // What is for one source is of one IP version by itself.
  const isOpenForBoth = (claim.list ?? []).every(
    (item) =>
      typeof item !== "string" ||
      members.some((other) => other.family !== family && other.claim.list?.includes(item)),
  )
  return isOpenForBoth ? [] : [`The rules open it for IPv${family} alone, and open is for both.`]
}

/** On one line, as a report shows it. */
function inline(value: Draft): string {
  if (typeof value !== "object") return String(value)
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`
  const entries = Object.entries(value).map(([key, each]) => `${key}: ${inline(each)}`)
  return `{ ${entries.join(", ")} }`
}

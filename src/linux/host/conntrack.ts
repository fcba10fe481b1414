import { readFileSync } from "node:fs"
import { legacyTables } from "./legacy-tables.js"
import { outputOf } from "./run.js"

const COUNT = "/proc/sys/net/netfilter/nf_conntrack_count"

/** How full the connection table is; undefined where conntrack is not in the kernel. */
export function conntrackFill(): { readonly count: number; readonly maximum: number } | undefined {
  const count = readNumber(COUNT)
  const maximum = readNumber("/proc/sys/net/netfilter/nf_conntrack_max")
  return count === undefined || maximum === undefined ? undefined : { count, maximum }
}

/**
 * Whether conntrack sees the connections of this network namespace, in both families. There is no file that tells: the kernel hooks it in when the first rule
 * asks for it, a count above zero may be left over from rules that are gone, and the list of hooks (`nft list hooks`) is an option of the kernel. A packet of our own
 * would show it, and would count in other tools' rules, which are not ours to touch. So the rules are asked whether one of them needs conntrack. Who else needs it
 * (Open vSwitch, IPVS) goes unseen, which costs an apply a warm-up that it did not need, and harms nobody.
 */
export function conntrackIsOn(): boolean {
  if (readNumber(COUNT) === undefined) return false
  const legacy = (["ip", "ip6"] as const).map((family) =>
    legacyTables(family)?.length === 0 ? "" : (outputOf(`${family}tables-legacy-save`, []) ?? ""),
  )
  return rulesNeedConntrack(outputOf("nft", ["-s", "-t", "list", "ruleset"]) ?? "", legacy[0]!, legacy[1]!)
}

/** Reads `nft list ruleset` (which shows iptables-nft's rules too) and what legacy iptables saves of either family. */
export function rulesNeedConntrack(ruleset: string, legacy4: string, legacy6: string): boolean {
  const families = new Set<string>()
  let family = ""
  for (const line of ruleset.split("\n")) {
    family = /^table (\S+)/.exec(line)?.[1] ?? family
    // Quoted text is a comment, a log prefix or a device; what iptables-nft could not translate is quoted as well.
    if (/\bxt (?:match|target) "(?:conn|ct|state|CONN|CT|[DS]NAT|MASQ|REDIR)/.test(line)) families.add(family)
    else if (NEEDS_CONNTRACK.test(line.replaceAll(/"[^"]*"/g, ""))) families.add(family)
  }
  const has = (name: string, legacy: string) =>
    families.has("inet") || families.has(name) || LEGACY_NEEDS_CONNTRACK.test(legacy)
  return has("ip", legacy4) && has("ip6", legacy6)
}

const NEEDS_CONNTRACK = /^\t\t.*(?:\bct \w|\b[ds]nat (?:to|ip)|\bmasquerade\b|\bredirect\b|\bflow add\b)/
const LEGACY_NEEDS_CONNTRACK =
  /^(?:\[\S+\] )?-A .*(?:-m (?:conntrack|state|connmark|connlimit|connbytes|connlabel|helper|ctstate)\b|-j (?:DNAT|SNAT|MASQUERADE|REDIRECT|NETMAP|CONNMARK)\b)/m

/** Whether packets to other hosts pass through this one. */
export function forwards(): boolean {
  return (
    readNumber("/proc/sys/net/ipv4/ip_forward") === 1 ||
    readNumber("/proc/sys/net/ipv6/conf/all/forwarding") === 1
  )
}

/** Zero: conntrack does not pick up connections whose beginning it has not seen. */
export function picksUpMidStream(): boolean {
  return readNumber("/proc/sys/net/netfilter/nf_conntrack_tcp_loose") !== 0
}

function readNumber(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8"))
  } catch {
    return undefined
  }
}

import type { PortSelector } from "../../core/policy/policy.js"
import { legacyTables } from "./legacy-tables.js"
import { findProgram, outputOf } from "./run.js"

/**
 * Ports of this host that destination NAT gives to somebody else: published container ports. A port is the one that the client dialled.
 * Read from whatever has such rules: nftables (iptables-nft's show up there too) and legacy iptables.
 * `iptables-save` is asked for no table by name: naming one would create it.
 */
export function readPublishedPorts(): readonly PortSelector[] {
  const ruleset = outputOf("nft", ["-s", "-t", "list", "ruleset"])
  const asked = (["ip", "ip6"] as const).flatMap((family) => {
    const isLegacy = legacyTables(family)?.includes("nat") ?? true
    // nft's listing cannot say all of what iptables-nft put there, but that there is such a table.
    const isNft = ruleset === undefined || ruleset.includes(`table ${family} nat {`)
    return [
      ...(isNft || isLegacy ? [`${family}tables-save`] : []),
      ...(isLegacy ? [`${family}tables-legacy-save`] : []),
    ]
  })
  const texts = [
    ruleset,
    ...asked.filter((program) => findProgram(program)).map((program) => outputOf(program, [])),
  ]
  const found = texts.flatMap((text) => parsePublishedPorts(text ?? ""))
  return [...new Map(found.map((port) => [JSON.stringify(port), port])).values()]
}

/** Finds the destination ports of rules that end in destination NAT, in nft's text and in iptables-save's. */
export function parsePublishedPorts(text: string): readonly PortSelector[] {
  return text.split("\n").flatMap((line) => {
    if (!/\bdnat\b.*\bto\b|-j DNAT\b|\bredirect\b|-j REDIRECT\b/.test(line)) return []
    const nft = /\b(tcp|udp) dport (?:\{ ([^}]+) \}|([\d-]+))/.exec(line)
    if (nft) return ranges(nft[1] as "tcp" | "udp", (nft[2] ?? nft[3] ?? "").split(","), "-")
    const protocol = /-p (tcp|udp)\b/.exec(line)?.[1] as "tcp" | "udp" | undefined
    const ports = /--(?:dport|dports|destination-port|destination-ports) (\S+)/.exec(line)?.[1]
    return protocol && ports ? ranges(protocol, ports.split(","), ":") : []
  })
}

function ranges(protocol: "tcp" | "udp", texts: readonly string[], separator: string): PortSelector[] {
  return texts.flatMap((text) => {
    const [from = Number.NaN, to = from] = text.trim().split(separator).map(Number)
    return Number.isInteger(from) && Number.isInteger(to) ? [{ protocol, range: { from, to } }] : []
  })
}

import type { Problem } from "../base/diagnostic.js"
import type { Per } from "./policy.js"

/** A source is a host of IPv4 and a /64 of IPv6: what one customer is given, and so what one attacker has to change at will. */
export const perSource = { kind: "source", ipv4: 32, ipv6: 64 } as const satisfies Per

/** Reads `source`, `everyone` or `/24`; a length above 32 can only be meant for IPv6, which has a form of its own. */
export function parsePer(text: string): Per | Problem {
  const word = text.trim().toLowerCase()
  if (word === "source") return perSource
  if (word === "everyone") return { kind: "everyone" }
  if (word.startsWith("/")) {
    const ipv4 = parsePerLength(word, 4)
    return typeof ipv4 === "number" ? { kind: "source", ipv4, ipv6: perSource.ipv6 } : ipv4
  }
  const everyone = ["all", "global", "everybody", "total", "zone", "interface"].includes(word)
  const source = ["ip", "host", "address", "client", "sender", "src"].includes(word)
  const hint = everyone
    ? "write everyone"
    : source
      ? "write source"
      : "source, everyone, /24 and { ipv4: /24, ipv6: /56 } are known"
  return { id: "not-a-per", message: `"${text}" does not say who shares a limit`, hint }
}

export function parsePerLength(text: string, family: 4 | 6): number | Problem {
  const width = family === 4 ? 32 : 128
  const digits = /^\/?(0|[1-9]\d{0,2})$/.exec(text.trim())
  const length = Number(digits?.[1] ?? Number.NaN)
  if (length >= 1 && length <= width) return length
  const hint =
    family === 4 && length > 32 && length <= 128
      ? `for IPv6, write { ipv6: /${length} }`
      : length === 0
        ? "one limit for all sources together is per: everyone"
        : undefined
  return {
    id: "not-a-per",
    message: `"${text}" is not a prefix length of IPv${family} (/1 to /${width})`,
    ...(hint && { hint }),
  }
}

/** The normal form, as YAML. */
export function printPer(per: Per): string {
  if (per.kind === "everyone") return "everyone"
  if (per.ipv6 !== 64) return `{ ipv4: /${per.ipv4}, ipv6: /${per.ipv6} }`
  return per.ipv4 === 32 ? "source" : `/${per.ipv4}`
}

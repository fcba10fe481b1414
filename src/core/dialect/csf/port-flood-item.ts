import type { PortRange } from "../../base/ports.js"
import { perlNumber, readCsfPort } from "./port.js"

/** The largest count that csf takes: it looks for the kernel's ip_pkt_list_tot, which reads 0 on kernels of today, and stays at 20. */
export const countMaximum = 20

/** xt_recent's seconds are 32 bits wide. */
const secondsMaximum = 0xffffffff

/** What csf makes of an item of PORTFLOOD (`port;protocol;count;seconds`), by itself. */
export type PortFloodItem =
  | {
      readonly kind: "pair"
      /** As written: the name of the kernel's list, which has no protocol in it. */
      readonly list: string
      readonly range: PortRange
      readonly protocol: "tcp" | "udp"
      readonly count: number
      readonly seconds: number
      /** Fields behind the fourth, which csf passes over. */
      readonly extra: readonly string[]
    }
  /** Only the rule that stamps is loaded, and nothing is dropped. */
  | {
      readonly kind: "stamps"
      readonly list: string
      readonly range: PortRange
      readonly protocol: "tcp" | "udp"
      readonly why: string
    }
  /** csf prints a warning and goes on. */
  | { readonly kind: "skipped"; readonly why: string; readonly count: number; readonly seconds: number }
  /** iptables refuses both rules, and csf goes on. */
  | { readonly kind: "refused"; readonly why: string }
  /** csf gives up, and flushes the whole firewall. */
  | { readonly kind: "breaks"; readonly why: string }
  /** Numbers that Perl and iptables read differently. */
  | { readonly kind: "ambiguous"; readonly why: string }

/** Reads an item without spaces. */
export function readPortFloodItem(text: string): PortFloodItem {
  const [port = "", protocol = "", count = "", seconds = "", ...rest] = text.split(";")
  const number = perlNumber(port)
  if (number < 0 || number > 65_535) return breaks(`${port} is no port`)
  if (!/icmp|tcp|udp/.test(protocol)) {
    return breaks(
      protocol === ""
        ? "it names no protocol"
        : `"${protocol}" is no protocol to csf: tcp or udp, in small letters`,
    )
  }
  if (!/\d/.test(seconds))
    return breaks(seconds === "" ? "it names no seconds" : `"${seconds}" is no number of seconds`)
  const hits = perlNumber(count)
  if (!(hits >= 1 && hits <= countMaximum)) {
    const why =
      hits > countMaximum
        ? `the count ${count} is above ${countMaximum}`
        : `the count "${count}" is not from 1 to ${countMaximum}`
    return { kind: "skipped", why, count: hits, seconds: Number(seconds) }
  }
  if (protocol !== "tcp" && protocol !== "udp") {
    return { kind: "refused", why: `iptables has no ports for the protocol "${protocol}"` }
  }
  const ports = readCsfPort(port)
  if (ports.kind === "refused") return { kind: "refused", why: ports.why }
  if (ports.kind === "ambiguous") return ports
  if (/^(?:0[\dx]|\+)/i.test(count) || /^(?:0[\dx]|\+)/i.test(seconds)) {
    return {
      kind: "ambiguous",
      why: "a number begins with a zero or a sign, and Perl and iptables read it differently: decimal, octal, hexadecimal",
    }
  }
  const { range } = ports
  const stamps = (why: string): PortFloodItem => ({ kind: "stamps", list: port, range, protocol, why })
  if (!/^\d+$/.test(count)) return stamps(`iptables refuses the count "${count}"`)
  if (!/^\d+$/.test(seconds) || Number(seconds) > secondsMaximum)
    return stamps(`iptables refuses ${seconds} as seconds`)
  if (Number(seconds) === 0) return stamps("0 seconds are no time")
  const extra = rest.filter((field) => field !== "")
  return { kind: "pair", list: port, range, protocol, count: Number(count), seconds: Number(seconds), extra }
}

function breaks(why: string): PortFloodItem {
  return { kind: "breaks", why }
}

/**
 * Which new connection of a quick burst is the first to be dropped, where rules share a list: each rule that stamps does so before its partner
 * counts. Undefined: none is. `rules` are the ones that packets of one protocol meet, in order.
 */
export function firstDropped(rules: readonly PortFloodItem[]): number | undefined {
  let stamps = 0
  for (let connection = 1; connection <= countMaximum; connection++) {
    for (const rule of rules) {
      if (rule.kind === "stamps" || rule.kind === "pair") stamps++
      if (rule.kind === "pair" && stamps >= rule.count) return connection
    }
  }
  return undefined
}

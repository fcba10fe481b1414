import { printAddress } from "../../core/base/address.js"
import { isProblem, type Problem } from "../../core/base/diagnostic.js"
import { type Prefix, parsePrefix } from "../../core/base/prefix.js"
import { parsePhrase } from "../../core/policy/phrase.js"
import type { PacketPhrase } from "../../core/policy/policy.js"
import { oneDevice } from "./path.js"
import type { Subject } from "./subject.js"

/** What a phrase leaves out: the firewall's own address and a stranger's, from the ranges kept for documentation (RFC 5737, RFC 3849). */
const strangers = { 4: "203.0.113.7", 6: "2001:db8:ffff::7" } as const
const selves = { 4: "192.0.2.1", 6: "2001:db8::1" } as const

/** Whether the words are the packet phrase (`in tcp port 22 from 198.51.100.7`) and not a line of a packet script (`A > B S`). */
export function isPhrase(text: string): boolean {
  return /^\s*(in|out)\b/.test(text) && !/[>]|\b(frame|arp)\b/.test(text)
}

/**
 * The first packet that the phrase is about, as a line of a packet script: what the phrase leaves out is filled in, a stranger for the other
 * side, `local` for this one.
 */
export function phraseToScript(text: string, subject: Subject, local: readonly Prefix[]): string | Problem {
  const phrase = parsePhrase(text, {
    // Somebody's rules know devices, and those that they do not name as well.
    ...(subject.kind === "policy" ? { zones: subject.sides.map((side) => side.name) } : {}),
    addresses(word) {
      const named = subject.addresses?.find(({ name }) => name === word)
      if (named) return named.prefixes
      const prefix = parsePrefix(word)
      return isProblem(prefix) ? prefix : [prefix]
    },
  })
  return isProblem(phrase) ? phrase : scriptOf(phrase, subject, local)
}

function scriptOf(phrase: PacketPhrase, subject: Subject, local: readonly Prefix[]): string {
  const { direction, protocol = "tcp", ports } = phrase
  const family = (phrase.from ?? phrase.to)?.[0]?.address.family ?? 4
  const self = local.find((prefix) => prefix.address.family === family)
  const own = self ? printAddress(self.address) : selves[family]
  const from = addressOf(phrase.from) ?? (direction === "in" ? strangers[family] : own)
  const to = addressOf(phrase.to) ?? (direction === "in" ? own : strangers[family])
  const side = subject.sides.find(({ name }) => name === phrase.zone)
  const device = oneDevice(side?.interfaces[0] ?? phrase.zone ?? subject.firstInterface)
  const way = `${direction} ${device} `
  if (protocol === "icmp") return `${way}${from} > ${to} icmp echo-request id 1 seq 1`
  const port = ports?.[0]?.from ?? (protocol === "udp" ? 53 : 443)
  const what = protocol === "udp" ? "udp len 40" : "S mss 1460"
  return `${way}${endpoint(from, 40000)} > ${endpoint(to, port)} ${what}`
}

function addressOf(prefixes: readonly Prefix[] | undefined): string | undefined {
  const [first] = prefixes ?? []
  return first && printAddress(first.address)
}

function endpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
}

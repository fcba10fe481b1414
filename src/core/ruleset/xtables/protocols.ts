import type { Problem } from "../../base/diagnostic.js"
import { didYouMean } from "../../base/nearest.js"
import { badValue } from "./problem.js"
import { parseNumber } from "./value-number.js"

/** Protocols by the names that iptables prints (IANA's protocol numbers, as /etc/protocols of Debian spells them). */
const names: Readonly<Record<number, string>> = {
  1: "icmp",
  2: "igmp",
  3: "ggp",
  4: "ipencap",
  5: "st",
  6: "tcp",
  8: "egp",
  9: "igp",
  12: "pup",
  17: "udp",
  20: "hmp",
  22: "xns-idp",
  27: "rdp",
  29: "iso-tp4",
  33: "dccp",
  36: "xtp",
  37: "ddp",
  38: "idpr-cmtp",
  41: "ipv6",
  43: "ipv6-route",
  44: "ipv6-frag",
  45: "idrp",
  46: "rsvp",
  47: "gre",
  50: "esp",
  51: "ah",
  57: "skip",
  58: "ipv6-icmp",
  59: "ipv6-nonxt",
  60: "ipv6-opts",
  73: "rspf",
  81: "vmtp",
  88: "eigrp",
  89: "ospf",
  93: "ax.25",
  94: "ipip",
  97: "etherip",
  98: "encap",
  103: "pim",
  108: "ipcomp",
  112: "vrrp",
  115: "l2tp",
  124: "isis",
  132: "sctp",
  133: "fc",
  135: "mobility-header",
  136: "udplite",
  137: "mpls-in-ip",
  138: "manet",
  139: "hip",
  140: "shim6",
  141: "wesp",
  142: "rohc",
  143: "ethernet",
}

const aliases: Readonly<Record<string, number>> = {
  all: 0,
  icmpv6: 58,
  mh: 135,
  "ipv6-mh": 135,
  ospfigp: 89,
  "ipv6-auth": 51,
  "ipv6-crypt": 50,
  hopopt: 0,
  ip: 0,
}

const numbers = new Map<string, number>([
  ...Object.entries(names).map(([number, name]) => [name, Number(number)] as const),
  ...Object.entries(aliases),
])

/** A protocol's name, in any case, or its number. */
export function parseProtocol(text: string): number | Problem {
  const number = parseNumber(text) ?? numbers.get(text.toLowerCase())
  if (number === undefined) return badValue(`"${text}" is not a protocol`, didYouMean(text, numbers.keys()))
  return number <= 255 ? number : badValue(`a protocol's number is at most 255, not ${text}`)
}

/** The name that iptables-save prints, or the number. */
export function protocolName(number: number): string {
  return names[number] ?? String(number)
}

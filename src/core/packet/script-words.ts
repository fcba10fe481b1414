import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from "./packet.js"

/** TCP flags as tcpdump writes them, in its order; `A` and `C` are read for `.` and `W`. */
const flagLetters: readonly (readonly [letter: string, flag: number])[] = [
  ["F", FIN],
  ["S", SYN],
  ["R", RST],
  ["P", PSH],
  [".", ACK],
  ["U", URG],
  ["E", ECE],
  ["W", CWR],
]

/** `S.`, `FPU`; `none` without flags. */
export function printFlags(flags: number): string {
  const letters = flagLetters.filter(([, flag]) => (flags & flag) !== 0).map(([letter]) => letter)
  return letters.length === 0 ? "none" : letters.join("")
}

/** The flags of `S.`, `SA`, `none`; undefined where the word is none of that. */
export function parseFlags(word: string): number | undefined {
  if (word === "none") return 0
  let flags = 0
  for (const character of word) {
    const letter = character === "A" ? "." : character === "C" ? "W" : character
    const found = flagLetters.find(([each]) => each === letter)
    if (!found) return undefined
    flags |= found[1]
  }
  return flags
}

interface IcmpName {
  readonly name: string
  readonly type: number
  readonly code: number
}

function icmp(name: string, type: number, code = 0): IcmpName {
  return { name, type, code }
}

/** iptables' and nft's names for ICMP types, and for the codes that have one. */
export const icmpNames: readonly IcmpName[] = [
  icmp("echo-reply", 0),
  icmp("net-unreachable", 3, 0),
  icmp("host-unreachable", 3, 1),
  icmp("protocol-unreachable", 3, 2),
  icmp("port-unreachable", 3, 3),
  icmp("fragmentation-needed", 3, 4),
  icmp("admin-prohibited", 3, 13),
  icmp("source-quench", 4),
  icmp("redirect", 5, 1),
  icmp("echo-request", 8),
  icmp("router-advertisement", 9),
  icmp("router-solicitation", 10),
  icmp("time-exceeded", 11, 0),
  icmp("reassembly-time-exceeded", 11, 1),
  icmp("parameter-problem", 12),
  icmp("timestamp-request", 13),
  icmp("timestamp-reply", 14),
  icmp("info-request", 15),
  icmp("info-reply", 16),
  icmp("address-mask-request", 17),
  icmp("address-mask-reply", 18),
]

export const icmpv6Names: readonly IcmpName[] = [
  icmp("no-route", 1, 0),
  icmp("admin-prohibited", 1, 1),
  icmp("address-unreachable", 1, 3),
  icmp("port-unreachable", 1, 4),
  icmp("packet-too-big", 2),
  icmp("time-exceeded", 3, 0),
  icmp("reassembly-time-exceeded", 3, 1),
  icmp("parameter-problem", 4),
  icmp("echo-request", 128),
  icmp("echo-reply", 129),
  icmp("mld-listener-query", 130),
  icmp("mld-listener-report", 131),
  icmp("mld-listener-done", 132),
  icmp("router-solicitation", 133),
  icmp("router-advertisement", 134),
  icmp("neighbour-solicitation", 135),
  icmp("neighbour-advertisement", 136),
  icmp("redirect", 137),
  icmp("mld2-listener-report", 143),
]

export const extensionNames: Readonly<Record<string, number>> = {
  "hop-by-hop": 0,
  routing: 43,
  authentication: 51,
  destination: 60,
}

/** Protocols that scripts name; `proto N` says the others. */
export const protocolNames: Readonly<Record<string, number>> = {
  igmp: 2,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  sctp: 132,
  udplite: 136,
}

/** Words that take one number, and what it may be. */
export const numberWords: Readonly<Record<string, number>> = {
  ttl: 255,
  tos: 255,
  "ip-id": 0xffffffff,
  flow: 0xfffff,
  "ip-length": 0xffff,
  proto: 255,
  seq: 0xffffffff,
  ack: 0xffffffff,
  win: 0xffff,
  urg: 0xffff,
  mss: 0xffff,
  wscale: 255,
  "tcp-header": 60,
  "udp-length": 0xffff,
  type: 255,
  code: 255,
  id: 0xffff,
  mtu: 0xffffffff,
  rest: 0xffffffff,
  checksum: 0xffff,
  "ip-checksum": 0xffff,
  len: 65535,
  pad: 1500,
}

/** Words that stand alone. */
export const flagWords: readonly string[] = [
  "df",
  "sack",
  "bad-checksum",
  "no-checksum",
  "bad-ip-checksum",
  "tcp",
  "udp",
  "icmp",
  "icmpv6",
]

/** Words with a form of their own behind them. */
export const formWords: readonly string[] = [
  "frag",
  "ts",
  "ext",
  "ip-options",
  "tcp-options",
  "data",
  "hex",
  "quote",
  "repeat",
  "split",
]

import { readFileSync } from "node:fs"
import { type Address, printAddress } from "../../core/base/address.js"

/** A TCP or UDP socket of this network namespace. */
export interface Socket {
  readonly local: Endpoint
  readonly remote: Endpoint
  /** TCP_* of the kernel's include/net/tcp_states.h: 1 established, 10 listening; UDP: 1 connected, 7 not. */
  readonly state: number
  readonly inode: number
}

export interface Endpoint {
  readonly address: Address
  readonly port: number
}

export const tcpState = { established: 1, finWait1: 4, finWait2: 5, closeWait: 8, listen: 10 } as const

/** States in which the other side may still send, and be right to. */
const alive: ReadonlySet<number> = new Set([
  tcpState.established,
  tcpState.finWait1,
  tcpState.finWait2,
  tcpState.closeWait,
])

/** Sockets of one protocol, both families; those of IPv6 that speak IPv4 (`::ffff:192.0.2.1`) bear the IPv4 addresses that are on the wire. */
export function readSockets(protocol: "tcp" | "udp", folder = "/proc/net"): readonly Socket[] {
  return [protocol, `${protocol}6`].flatMap((name) => {
    try {
      return parseSockets(readFileSync(`${folder}/${name}`, "utf8"))
    } catch {
      return []
    }
  })
}

/** Reads /proc/net/{tcp,udp}{,6} (proc(5)): addresses are words in the machine's order, in hexadecimal. */
export function parseSockets(text: string): readonly Socket[] {
  return text.split("\n").slice(1).flatMap(parseLine)
}

/** TCP connections of this host that are alive now; those within the host (loopback) left out, as no rule of ours sees them from outside. */
export function liveConnections(sockets: readonly Socket[]): readonly Socket[] {
  return sockets.filter(({ state, local }) => alive.has(state) && !isLoopback(local.address))
}

export function isLoopback(address: Address): boolean {
  if (address.family === 4) return address.words[0]! >>> 24 === 127
  return address.words.slice(0, 3).every((word) => word === 0) && address.words[3] === 1
}

export function isUnspecified(address: Address): boolean {
  return address.words.every((word) => word === 0)
}

/** `192.0.2.1:22`, `[2001:db8::1]:22`. */
export function printEndpoint({ address, port }: Endpoint): string {
  return address.family === 4 ? `${printAddress(address)}:${port}` : `[${printAddress(address)}]:${port}`
}

const LINE =
  /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) \S+ \S+ \S+\s+\d+\s+\d+\s+(\d+)/

function parseLine(line: string): Socket[] {
  const found = LINE.exec(line)
  if (!found) return []
  const [, localAddress = "", localPort = "", remoteAddress = "", remotePort = "", state = "", inode] = found
  return [
    {
      local: endpoint(localAddress, localPort),
      remote: endpoint(remoteAddress, remotePort),
      state: Number.parseInt(state, 16),
      inode: Number(inode),
    },
  ]
}

function endpoint(address: string, port: string): Endpoint {
  return { address: parseWords(address), port: Number.parseInt(port, 16) }
}

function parseWords(text: string): Address {
  const words = (text.match(/.{8}/g) ?? []).map(networkOrder)
  if (words.length === 1) return { family: 4, words }
  // An IPv4-mapped address (RFC 4291, 2.5.5.2): the packets are IPv4.
  if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) return { family: 4, words: [words[3]!] }
  return { family: 6, words }
}

/** The kernel prints the word as the machine reads it: bytes the other way around on little-endian machines. */
function networkOrder(hexadecimal: string): number {
  const word = Number.parseInt(hexadecimal, 16)
  if (!LITTLE_ENDIAN) return word
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

import { readFileSync } from "node:fs"
import { networkInterfaces } from "node:os"
import { type Address, parseAddress } from "../../core/base/address.js"
import { maskWords, type Prefix } from "../../core/base/prefix.js"
import { loadLibc } from "./namespace/libc.js"

/** A network and the device behind which it lies. */
export interface Route {
  readonly prefix: Prefix
  readonly device: string
}

/** Where things are, seen from this host; read without starting a program, for it is read again and again. */
export interface Networks {
  readonly addresses: readonly Address[]
  /** Of IPv4: the last address of each network of ours. */
  readonly broadcasts: readonly Address[]
  /** The longest prefixes first. */
  readonly routes: readonly Route[]
  /** Names by index. */
  readonly devices: ReadonlyMap<number, string>
}

/** The networks of the network namespace that this process is in. */
export function readNetworks(): Networks {
  const addresses: Address[] = []
  const broadcasts: Address[] = []
  for (const entries of Object.values(networkInterfaces())) {
    for (const { address, cidr } of entries ?? []) {
      // A link-local address may bear its device.
      const own = parseAddress(address.replace(/%.*$/, ""))
      if (!own) continue
      addresses.push(own)
      const length = Number(cidr?.split("/")[1] ?? 32)
      if (own.family === 4 && length < 31)
        broadcasts.push({ family: 4, words: [(own.words[0]! | ~maskWords(length, 1)[0]!) >>> 0] })
    }
  }
  const routes = [
    ...parseRoutes4(readText("/proc/net/route")),
    ...parseRoutes6(readText("/proc/net/ipv6_route")),
  ].sort((left, right) => right.prefix.length - left.prefix.length)
  return { addresses, broadcasts, routes, devices: readDeviceNames() }
}

/** Reads /proc/net/route: columns of hexadecimal words in the machine's byte order, which is little-endian here. */
export function parseRoutes4(text: string): readonly Route[] {
  return text.split("\n").flatMap((line): Route[] => {
    const [device = "", destination = "", , flags = "", , , , mask = ""] = line.split("\t")
    // RTF_UP, and not RTF_REJECT.
    if (!/^[0-9A-F]{8}$/.test(destination) || (Number.parseInt(flags, 16) & 0x201) !== 1) return []
    const word = swapped(Number.parseInt(destination, 16))
    return [
      {
        device,
        prefix: {
          address: { family: 4, words: [word] },
          length: bits(swapped(Number.parseInt(mask.trim(), 16))),
        },
      },
    ]
  })
}

/** Reads /proc/net/ipv6_route: destination and length first, the device last. */
export function parseRoutes6(text: string): readonly Route[] {
  return text.split("\n").flatMap((line): Route[] => {
    const fields = line.trim().split(/\s+/)
    const [destination = "", length = ""] = fields
    const device = fields.at(-1) ?? ""
    if (!/^[0-9a-f]{32}$/.test(destination) || device === "lo") return []
    const words = [0, 8, 16, 24].map((at) => Number.parseInt(destination.slice(at, at + 8), 16))
    return [{ device, prefix: { address: { family: 6, words }, length: Number.parseInt(length, 16) } }]
  })
}

/** /proc/net/dev has a line for each device, two lines of heading before. */
function readDeviceNames(): ReadonlyMap<number, string> {
  const library = loadLibc()
  const names = readText("/proc/net/dev")
    .split("\n")
    .flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? [])
  if (typeof library === "string") return new Map()
  return new Map(names.map((name) => [library.if_nametoindex(name), name]))
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

function swapped(word: number): number {
  return (
    (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | ((word >>> 24) & 0xff)) >>> 0
  )
}

function bits(word: number): number {
  let count = 0
  for (let rest = word >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++
  return count
}

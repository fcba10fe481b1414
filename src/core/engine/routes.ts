import type { Address } from "../base/address.js"
import type { Prefix } from "../base/prefix.js"
import type { Packet } from "../packet/packet.js"
import type { Routes } from "../ruleset/runtime.js"

/** Where networks lie: on which interface a source arrives and a destination leaves. */
export interface InterfaceRoutes {
  readonly name: string
  /** The networks behind it; `default` for all other addresses. */
  readonly networks: readonly (Prefix | "default")[]
  /**
   * Its own addresses, the first of each IP version being the one that masquerading takes. Left out: those local addresses that lie in its networks,
   * or (an interface that leads to all others) in nobody's.
   */
  readonly addresses?: readonly Address[]
}

export const RTN_UNICAST = 1
export const RTN_LOCAL = 2
export const RTN_BROADCAST = 3
export const RTN_MULTICAST = 5

/**
 * The routing table that an engine was told of: longest prefix first. It knows no gateways and no metrics; what it is asked is an
 * interface and a type of address.
 */
export class RoutingTable implements Routes {
  private readonly local = new Set<string>()
  private readonly local4 = new Set<number>()
  private readonly routes4: Route[] = []
  private readonly routes6: Route[] = []
  private default4 = 0
  private default6 = 0
  /** The first address of each interface, by its index. */
  private readonly own4 = new Map<number, readonly number[]>()
  private readonly own6 = new Map<number, readonly number[]>()
  /** False: nobody said which addresses are local. */
  readonly knowsLocal: boolean
  /** False: nobody said what lies where. */
  readonly knowsNetworks: boolean
  /** Nothing is told apart: no address is local but those that are everywhere, and all others lie behind one interface. */
  readonly isFlat: boolean

  /** `indexOf` gives an interface's index by its name. */
  constructor(
    interfaces: readonly InterfaceRoutes[],
    local: readonly Address[],
    indexOf: (name: string) => number,
  ) {
    const stated = interfaces.flatMap(({ addresses }) => addresses ?? [])
    for (const address of [...local, ...stated])
      if (address.family === 4) this.local4.add(address.words[0]! >>> 0)
      else this.local.add(key(address.words[0]!, address.words[1]!, address.words[2]!, address.words[3]!))
    this.knowsLocal = local.length + stated.length > 0
    this.knowsNetworks = interfaces.some((each) => each.networks.length > 0)
    for (const { name, networks } of interfaces) {
      const index = indexOf(name)
      for (const network of networks) {
        if (network === "default") {
          this.default4 ||= index
          this.default6 ||= index
        } else if (network.length === 0) {
          if (network.address.family === 4) this.default4 ||= index
          else this.default6 ||= index
        } else {
          const routes = network.address.family === 4 ? this.routes4 : this.routes6
          const { length } = network
          const hostBits = 2 ** Math.max(0, 32 - length) - 1
          routes.push({ words: network.address.words, length, index, hostBits })
        }
      }
    }
    this.routes4.sort((left, right) => right.length - left.length)
    this.routes6.sort((left, right) => right.length - left.length)
    this.isFlat = !this.knowsLocal && this.routes4.length + this.routes6.length === 0
    for (const { name, addresses } of interfaces)
      for (const address of addresses ?? []) this.own(indexOf(name), address)
    for (const address of local) {
      const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = address.words
      const index = this.route(address.family, word0, word1, word2, word3)
      if (index !== 0) this.own(index, address)
    }
  }

  /** The words of the interface's first address, or null: nobody told. */
  addressOf(index: number, family: number): readonly number[] | null {
    return (family === 4 ? this.own4 : this.own6).get(index) ?? null
  }

  private own(index: number, address: Address): void {
    const addresses = address.family === 4 ? this.own4 : this.own6
    if (!addresses.has(index)) addresses.set(index, address.words)
  }

  addressType(packet: Packet, which: "source" | "destination"): number {
    return which === "source"
      ? this.typeOf(packet.family, packet.source0, packet.source1, packet.source2, packet.source3)
      : this.typeOf(
          packet.family,
          packet.destination0,
          packet.destination1,
          packet.destination2,
          packet.destination3,
        )
  }

  interfaceTo(packet: Packet, which: "source" | "destination"): number {
    if (this.isFlat) return packet.family === 4 ? this.default4 : this.default6
    return which === "source"
      ? this.route(packet.family, packet.source0, packet.source1, packet.source2, packet.source3)
      : this.route(
          packet.family,
          packet.destination0,
          packet.destination1,
          packet.destination2,
          packet.destination3,
        )
  }

  isLocal(packet: Packet, which: "source" | "destination"): boolean {
    return this.addressType(packet, which) === RTN_LOCAL
  }

  private typeOf(family: number, word0: number, word1: number, word2: number, word3: number): number {
    if (family === 4) {
      if (word0 >>> 24 === 127 || (this.local4.size > 0 && this.local4.has(word0))) return RTN_LOCAL
      if (word0 === 0xffffffff || word0 === 0 || this.isSubnetBroadcast(word0)) return RTN_BROADCAST
      return word0 >>> 28 === 14 ? RTN_MULTICAST : RTN_UNICAST
    }
    if (word0 >>> 24 === 0xff) return RTN_MULTICAST
    if (word0 === 0 && word1 === 0 && word2 === 0 && word3 === 1) return RTN_LOCAL
    return this.local.size > 0 && this.local.has(key(word0, word1, word2, word3)) ? RTN_LOCAL : RTN_UNICAST
  }

  private isSubnetBroadcast(word: number): boolean {
    for (const { words, length, hostBits } of this.routes4) {
      if (length > 30) continue
      if ((word | hostBits) >>> 0 === word && (word & ~hostBits) >>> 0 === words[0]! >>> 0) return true
    }
    return false
  }

  private route(family: number, word0: number, word1: number, word2: number, word3: number): number {
    if (family === 4) {
      for (const { words, length, index } of this.routes4)
        if ((word0 ^ words[0]!) >>> (32 - length) === 0) return index
      return this.default4
    }
    for (const { words, length, index } of this.routes6) {
      if (
        sameBits(word0, words[0]!, length) &&
        sameBits(word1, words[1]!, length - 32) &&
        sameBits(word2, words[2]!, length - 64) &&
        sameBits(word3, words[3]!, length - 96)
      )
        return index
    }
    return this.default6
  }
}

interface Route {
  readonly words: readonly number[]
  readonly length: number
  readonly index: number
  /** IPv4: the bits behind the prefix, all set. */
  readonly hostBits: number
}

/** Are the leading `bits` of two words the same? None, where `bits` is 0 or less; all, from 32 on. */
function sameBits(left: number, right: number, bits: number): boolean {
  if (bits <= 0) return true
  return (left ^ right) >>> (bits >= 32 ? 0 : 32 - bits) === 0
}

function key(word0: number, word1: number, word2: number, word3: number): string {
  return `${word0 >>> 0}:${word1 >>> 0}:${word2 >>> 0}:${word3 >>> 0}`
}

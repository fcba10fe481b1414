import type { Address } from "../../core/base/address.js"
import { addressKey } from "./address-key.js"

/** Whom this host, or one behind it, has live TCP connections with: counted as conntrack tells of them, so that asking costs nothing. */
export interface Alive {
  began(address: string): void
  ended(address: string): void
  has(address: Address): boolean
  clear(): void
}

/** Addresses that are remembered; of others it says that they may have one. */
const ADDRESSES_MAXIMUM = 65_536

export function createAlive(): Alive {
  const counts = new Map<string, number>()
  let isFull = false
  return {
    began(address) {
      const count = counts.get(address)
      if (count === undefined && counts.size >= ADDRESSES_MAXIMUM) isFull = true
      else counts.set(address, (count ?? 0) + 1)
    },
    ended(address) {
      const count = counts.get(address)
      if (count === undefined) return
      if (count > 1) counts.set(address, count - 1)
      else counts.delete(address)
    },
    has: (address) => counts.has(addressKey(address.family, ...address.words)) || isFull,
    clear() {
      counts.clear()
      isFull = false
    },
  }
}

import type { NatRequest } from "../../ruleset/translator.js"

/** The one request of an engine. */
export class Request implements NatRequest {
  hasAddresses = false
  readonly lowest = new Uint32Array(4)
  readonly highest = new Uint32Array(4)
  fromPort = -1
  toPort = -1
  basePort = -1
  random = false
  fullyRandom = false
  persistent = false

  clear(): this {
    this.hasAddresses = false
    this.lowest.fill(0)
    this.highest.fill(0)
    this.fromPort = -1
    this.toPort = -1
    this.basePort = -1
    this.random = false
    this.fullyRandom = false
    this.persistent = false
    return this
  }

  /** One address: the words from `at` on. */
  address(words: Uint32Array | readonly number[], at: number): void {
    this.hasAddresses = true
    for (let word = 0; word < 4; word++) {
      const value = words[at + word] ?? 0
      this.lowest[word] = value
      this.highest[word] = value
    }
  }
}

import type { Flow } from "../event/flow.js"
import { mix } from "./mix.js"
import { RecentHashes } from "./recent-hashes.js"

/** Seconds for which a call is remembered. */
const LIFE = 86400

/** To which hosts and ports somebody inside has turned: what comes from there is no attack. The latest 32,768, by hashes. */
export class Called {
  private readonly recent = new RecentHashes()

  /** A packet from inside, to somewhere. */
  add(flow: Flow): void {
    const { destination0, destination1, destination2, destination3, destinationPort, time } = flow
    this.recent.note(
      mix(destination0, destination1, destination2, destination3 ^ Math.imul(destinationPort, 0x9e3779b1)),
      time,
    )
    this.recent.note(mix(destination0, destination1, destination2, destination3 ^ ANY_PORT), time)
  }

  /** Does the packet come from a host and a port that were called? */
  has(flow: Flow): boolean {
    const { source0, source1, source2, source3, sourcePort, time } = flow
    return this.isNoted(mix(source0, source1, source2, source3 ^ Math.imul(sourcePort, 0x9e3779b1)), time)
  }

  /** Was the packet's source called, on any port? */
  hasSource({ source0, source1, source2, source3, time }: Flow): boolean {
    return this.isNoted(mix(source0, source1, source2, source3 ^ ANY_PORT), time)
  }

  /** Somebody inside asks a group or everybody: who answers is not known, but where. */
  addAsker({ source0, source1, source2, source3, sourcePort, time }: Flow): void {
    this.recent.note(mix(source0, source1, source2, source3 ^ Math.imul(sourcePort, ASKER)), time)
  }

  /** Does it go to where somebody has asked a group lately? */
  hasAsked({ destination0, destination1, destination2, destination3, destinationPort, time }: Flow): boolean {
    const hash = mix(
      destination0,
      destination1,
      destination2,
      destination3 ^ Math.imul(destinationPort, ASKER),
    )
    return this.isNoted(hash, time)
  }

  private isNoted(hash: number, time: number): boolean {
    return time - this.recent.notedAt(hash) <= LIFE
  }
}

/** No port: ports are below it. */
const ANY_PORT = 0x5bd1e995
/** Other hashes than those of the same host as one that was called. */
const ASKER = 0x7feb352d

import { type Flow, TOWARDS_HOST } from "../event/flow.js"
import { UDP } from "../packet/packet.js"
import type { PortSelector } from "../policy/policy.js"
import { mix } from "./mix.js"
import { isAmong } from "./port-choice.js"
import { RecentHashes } from "./recent-hashes.js"

/** Seconds for which a service is remembered. */
const LIFE = 86400

/**
 * Which ports have answered anybody within a day, the latest 32,768, by hashes. Where one of them is closed or silent, a service is down: whoever asks for it then does not look for ports. Without
 * it a monitor of twenty services, or a crawler of as many hosts, were scanners whenever a server was restarted.
 *
 * Nobody may have asked yet: a host's services begin after its guard. What it is known to offer (`offers`) is a service of its own as well, from the beginning. Of hosts behind it nobody knows; who tries one port of
 * all of them looks for it.
 */
export class Services {
  offers: readonly PortSelector[] = []
  private readonly recent: RecentHashes

  constructor(recent = new RecentHashes()) {
    this.recent = recent
  }

  /** An attempt that was answered. */
  note(flow: Flow): void {
    this.recent.note(hashOf(flow), flow.time)
  }

  /** The port above one that answers datagrams belongs to it: reports on a call go there, answered or not (RFC 3550, section 11). */
  has(flow: Flow): boolean {
    const { protocol, destinationPort, time } = flow
    if (flow.direction === TOWARDS_HOST && this.isOffered(flow)) return true
    if (time - this.recent.notedAt(hashOf(flow)) <= LIFE) return true
    const isReport = protocol === UDP && destinationPort % 2 === 1
    return isReport && time - this.recent.notedAt(hashOf(flow, destinationPort - 1)) <= LIFE
  }

  /** Whether its port is known to be offered, be it somewhere behind this host. */
  isOffered({ protocol, destinationPort }: Flow): boolean {
    return this.offers.length > 0 && isAmong(this.offers, protocol, destinationPort)
  }
}

function hashOf(
  { destination0, destination1, destination2, destination3, destinationPort, protocol }: Flow,
  port = destinationPort,
): number {
  const service = Math.imul(port | (protocol << 16), 0x9e3779b1)
  return mix(destination0, destination1, destination2, destination3 ^ service)
}

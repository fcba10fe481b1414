import type { Flow } from "../event/flow.js"
import { SourceTable } from "./source-table.js"

const DAY = 86400

/** Sources that proved within a day that their address is their own: who completed a handshake or logged in. Nobody gets in by forging. */
export class Proven {
  private readonly table = new SourceTable(16384, DAY, { kind: "source", ipv4: 32, ipv6: 128 })

  add(flow: Flow): void {
    this.table.weight[this.table.open(flow)]! += 1
  }

  has(flow: Flow): boolean {
    const slot = this.table.find(flow)
    return slot >= 0 && flow.time - this.table.seen[slot]! <= DAY
  }
}

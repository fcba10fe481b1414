import type { Flow } from "../event/flow.js"
import { perSource } from "../policy/per.js"
import { SourceTable } from "./source-table.js"

/** Seconds for which a scan is taken to go on. */
const LIFE = 120

/** Sources that scan at present, the latest thousand. */
export class Scanners {
  private readonly table = new SourceTable(1024, LIFE, perSource)

  add(flow: Flow): void {
    this.table.weight[this.table.open(flow)]! += 1
  }

  has(flow: Flow): boolean {
    const slot = this.table.find(flow)
    return slot >= 0 && flow.time - this.table.seen[slot]! <= LIFE
  }
}

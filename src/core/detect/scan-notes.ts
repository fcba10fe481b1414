import type { Flow } from "../event/flow.js"
import { mixSigned } from "./mix.js"
import type { Suspects } from "./suspects.js"

const PORTS = 16
const HOSTS = 4

interface Notes {
  readonly ports: Uint16Array
  readonly portCount: Uint8Array
  readonly hosts: Int32Array
  readonly hostCount: Uint8Array
}

/** Which ports and hosts a suspect tried, the first few of each: whether it goes along one host's ports, or along hosts. */
export class ScanNotes {
  private readonly bySuspects = new Map<Suspects, Notes>()

  /** After the flow has been counted. */
  note(suspects: Suspects, flow: Flow): void {
    const slot = suspects.latest
    if (slot < 0) return
    const notes = this.notesOf(suspects)
    if (suspects.isFresh) {
      notes.portCount[slot] = 0
      notes.hostCount[slot] = 0
    }
    const { destinationPort } = flow
    const ports = notes.portCount[slot]!
    if (ports < PORTS && !isAmongFirst(notes.ports, slot * PORTS, ports, destinationPort)) {
      notes.ports[slot * PORTS + ports] = destinationPort
      notes.portCount[slot] = ports + 1
    }
    const hosts = notes.hostCount[slot]!
    if (hosts === HOSTS) return
    const host = mixSigned(flow.destination0, flow.destination1, flow.destination2, flow.destination3)
    if (isAmongFirst(notes.hosts, slot * HOSTS, hosts, host)) return
    notes.hosts[slot * HOSTS + hosts] = host
    notes.hostCount[slot] = hosts + 1
  }

  of(
    suspects: Suspects,
    slot: number,
  ): {
    readonly ports: number[]
    readonly hosts: number
    readonly shape: "vertical" | "horizontal" | "block"
  } {
    const notes = this.notesOf(suspects)
    const ports = Array.from(notes.ports.subarray(slot * PORTS, slot * PORTS + notes.portCount[slot]!))
    const hosts = notes.hostCount[slot]!
    const shape = hosts <= 1 ? "vertical" : ports.length <= 2 ? "horizontal" : "block"
    return { ports, hosts, shape }
  }

  private notesOf(suspects: Suspects): Notes {
    const known = this.bySuspects.get(suspects)
    if (known) return known
    const { capacity } = suspects
    const notes: Notes = {
      ports: new Uint16Array(capacity * PORTS),
      portCount: new Uint8Array(capacity),
      hosts: new Int32Array(capacity * HOSTS),
      hostCount: new Uint8Array(capacity),
    }
    this.bySuspects.set(suspects, notes)
    return notes
  }
}

function isAmongFirst(items: Uint16Array | Int32Array, from: number, count: number, item: number): boolean {
  for (let at = from; at < from + count; at++) if (items[at] === item) return true
  return false
}

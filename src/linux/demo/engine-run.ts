import { printDiagnostic } from "../../core/base/diagnostic.js"
import { hostPrefix } from "../../core/base/prefix.js"
import { nanosecondsSince } from "../../core/packet/capture-record.js"
import type { HostFacts } from "../../core/policy/policy.js"
import { readCapture } from "../capture/read-capture.js"
import type { Arrival } from "../host/namespace/referee.js"
import { compare, laboratoryAddresses } from "./agreement.js"
import { compileDemo } from "./compile.js"
import { noticeOf } from "./kernel-run.js"
import { type Tally, tally } from "./tally.js"
import { sampleSizes } from "./traffic/attacks.js"
import { everything } from "./traffic/everything.js"

export interface EngineRun {
  readonly tally: Tally
  readonly packets: number
}

/** The firewall of the laboratory, as an apply would find it. */
export const laboratoryFacts: HostFacts = {
  defaultInterfaces: ["wan0"],
  defaultRoutes: 1,
  addresses: laboratoryAddresses.map(hostPrefix),
  listening: [
    { protocol: "tcp", range: { from: 22, to: 22 } },
    { protocol: "tcp", range: { from: 80, to: 80 } },
    { protocol: "udp", range: { from: 53, to: 53 } },
  ],
  ingressDevices: ["wan0", "lan0"],
  egress: true,
  sessions: [],
}

/** The same traffic without a kernel: the capture that the project ships (scripts/make-samples.ts wrote it) through the engine. */
export async function runInEngine(path: string): Promise<EngineRun> {
  const arrivals = await readArrivals(path)
  const told = new Set<string>()
  const { comparisons, diagnostics } = compare(compileDemo(laboratoryFacts), arrivals, {
    onLog: ({ prefix }) => {
      for (const name of noticeOf(prefix ?? "")) told.add(name)
    },
  })
  if (comparisons.length === 0) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  return {
    tally: tally(everything(sampleSizes), comparisons, { told }),
    packets: arrivals.filter(({ own }) => !own).length,
  }
}

/** A pcapng with the devices' names and with directions, as packets that came to the firewall. */
async function readArrivals(path: string): Promise<Arrival[]> {
  const arrivals: Arrival[] = []
  let begun: { readonly seconds: number; readonly nanoseconds: number } | undefined
  const { diagnostics } = await readCapture(path, (record, capture) => {
    begun ??= { seconds: record.seconds, nanoseconds: record.nanoseconds }
    const own = record.direction === 2
    arrivals.push({
      frame: {
        time: nanosecondsSince(record, begun.seconds, begun.nanoseconds),
        bytes: new Uint8Array(
          record.view.buffer,
          record.view.byteOffset + record.offset,
          record.captured,
        ).slice(),
        wireLength: record.wire,
        direction: own ? "out" : "in",
        device: capture.interfaces[record.interfaceIndex]?.name ?? "wan0",
      },
      own,
      ruling: null,
    })
    return undefined
  })
  if (diagnostics.length > 0) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  return arrivals
}

import { readFileSync } from "node:fs"
import { setTimeout as pause } from "node:timers/promises"
import { buildPacket } from "../../src/core/packet/build.js"
import { SYN } from "../../src/core/packet/packet.js"
import { address } from "../../src/linux/host/namespace/laboratory.js"
import { createGuardedHost } from "./guarded-host.js"

export interface FloodMemory {
  readonly sources: number
  /** From the first frame to the last. */
  readonly seconds: number
  /** Bytes of resident memory: before the flood, at most, and some seconds after it. */
  readonly before: number
  readonly most: number
  readonly after: number
}

/** Of each burst; in between the guard and the kernel have the processors for themselves. */
const BURST = 25_000
const BREATH = 250

/** A guard with the preset `default` and a flood in which each packet has a sender of its own: SYNs to an open port and to closed ones, and datagrams. */
export async function floodMemory(program: string, sources: number): Promise<FloodMemory> {
  const host = createGuardedHost(
    program,
    "version: 1\ninterfaces: { wan: wan0 }\nprotect:\n  wan: { preset: default, open: [ssh] }\n",
  )
  try {
    const { child, watching } = host.run("--log", "json")
    await watching
    const before = memory(child.pid, "VmRSS")
    const sender = host.laboratory.outside.sender("eth0")
    const start = performance.now()
    for (let from = 0; from < sources; from += BURST) {
      sender.send(frames(from, Math.min(BURST, sources - from)))
      await pause(BREATH)
    }
    const seconds = (performance.now() - start) / 1000
    await pause(5000)
    return { sources, seconds, before, most: memory(child.pid, "VmHWM"), after: memory(child.pid, "VmRSS") }
  } finally {
    host.close()
  }
}

/** The same bytes each time, with another sender: valid until the next one. */
function* frames(from: number, count: number): Iterable<{ readonly bytes: Uint8Array }> {
  const ends = { source: "32.0.0.0", destination: address.wan.ipv4 }
  const toOpen = template(
    buildPacket({ ...ends, tcp: { sourcePort: 40000, destinationPort: 22, flags: SYN } }),
    16,
  )
  const toClosed = template(
    buildPacket({ ...ends, tcp: { sourcePort: 40000, destinationPort: 8080, flags: SYN } }),
    16,
  )
  const datagram = template(buildPacket({ ...ends, udp: { sourcePort: 40000, destinationPort: 5353 } }), 6)
  const order = [toOpen, toClosed, toOpen, datagram]
  for (let index = from; index < from + count; index++) {
    // An odd factor meets each number below 2^29 once.
    const source = (0x20000000 | (Math.imul(index, 0x9e3779b1) & 0x1fffffff)) >>> 0
    yield { bytes: order[index % order.length]!(source) }
  }
}

/** A frame whose source is written anew, with the checksums of IP and of what is in it (RFC 1624, equation 3). */
function template(bytes: Uint8Array, checksumOfPayload: number): (source: number) => Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const checksums = [14 + 10, 14 + 20 + checksumOfPayload]
  const write = (at: number, value: number) => {
    const before = view.getUint16(at)
    for (const checksum of checksums) {
      let sum = (~view.getUint16(checksum) & 0xffff) + (~before & 0xffff) + value
      sum = (sum & 0xffff) + (sum >>> 16)
      view.setUint16(checksum, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff)
    }
    view.setUint16(at, value)
  }
  return (source) => {
    write(26, source >>> 16)
    write(28, source & 0xffff)
    return bytes
  }
}

/** Bytes, as /proc/PID/status says in kB. */
function memory(process: number | undefined, name: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${process}/status`, "utf8")
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024
}

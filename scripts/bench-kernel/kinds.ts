import { buildPacket } from "../../src/core/packet/build.js"
import { ACK, PSH, SYN } from "../../src/core/packet/packet.js"
import { FRAME, type FrameProgram } from "./live-frames.js"

/** What everything is measured by. */
export const LIVE = "live connection"

/** Sources of the `blocked` kind: 1024 of them, seven apart. */
export const blocked = { base: 0x0a800000, step: 7, mask: 1023 }
export const insideServer = "198.51.100.80"

/** A sort of packets whose cost is measured. */
export interface Kind {
  readonly name: string
  readonly frames: FrameProgram
  /** Connection tracking is emptied before it is measured. */
  readonly isFlood: boolean
}

const anybody = { base: 0x0a400000, step: 1, mask: 0x3fffff }
const someone = { base: 0x0a010002, step: 1, mask: 0 }
export const clientPort = { base: 20000, mask: 15 }
const anyPort = { base: 1024, mask: 0x7fff }

export const allKinds: readonly Kind[] = [
  { name: "Xmas", frames: { template: frame(0x3f), source: anybody, port: anyPort }, isFlood: true },
  { name: "no flags", frames: { template: frame(0), source: anybody, port: anyPort }, isFlood: true },
  { name: "SYN, forged", frames: { template: frame(SYN), source: anybody, port: anyPort }, isFlood: true },
  { name: "SYN, blocked", frames: { template: frame(SYN), source: blocked, port: anyPort }, isFlood: true },
  {
    name: LIVE,
    frames: { template: frame(ACK | PSH), source: someone, port: clientPort },
    isFlood: false,
  },
]

/** Ethernet, IPv4, TCP; source, port, identification and urgent pointer 0. Data where the header leaves room for it. */
function frame(flags: number): Uint8Array {
  const isSyn = (flags & SYN) !== 0 && flags !== 0x3f
  const built = buildPacket({
    source: "0.0.0.0",
    destination: insideServer,
    identification: 0,
    dontFragment: true,
    tcp: {
      sourcePort: 0,
      destinationPort: 80,
      flags,
      sequence: isSyn ? 1000 : 1001,
      acknowledgement: isSyn ? 0 : 5001,
      ...(isSyn && { maximumSegmentSize: 1460 }),
    },
    ...(!isSyn && { payload: 6 }),
  })
  const whole = new Uint8Array(FRAME)
  whole.set(built.subarray(0, FRAME))
  return whole
}

import { buildPacket } from "../../../src/core/packet/build.js"
import { ACK, FIN, PSH, RST, SYN, URG } from "../../../src/core/packet/packet.js"

/** Chance that is the same at each run. */
export class Chance {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  below(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0
    return Math.floor((this.state / 0x100000000) * limit)
  }

  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]!
  }
}

interface End {
  next: number
  readonly scale: number | undefined
  readonly sack: boolean
}

/** Segments of one connection that are mostly in step, and now and then not. */
export function randomSegments(chance: Chance, number: number, length: number): Uint8Array[] {
  const frames: Uint8Array[] = []
  const ends: [End, End] = [newEnd(chance), newEnd(chance)]
  const ports = [1024 + (number % 60000), 1 + Math.floor(number / 60000)] as const
  let flow = -1
  for (let index = 0; index < length; index++) {
    const side = index === 0 ? 0 : flow < 0 || chance.below(3) === 0 ? chance.below(2) : index & 1
    flow = 1
    const flags = chance.of(usual[Math.min(index, usual.length - 1)]!)
    const sender = ends[side as 0 | 1]
    const receiver = ends[(1 - side) as 0 | 1]
    const shift = chance.below(10) === 0 ? chance.of(shifts) : 0
    const ackShift = chance.below(10) === 0 ? chance.of(shifts) : 0
    const payload = flags & (SYN | RST) ? 0 : chance.of([0, 0, 1, 100, 1000])
    const sequence = (sender.next + shift) >>> 0
    frames.push(
      buildPacket({
        source: side === 0 ? "203.0.113.7" : "203.0.113.9",
        destination: side === 0 ? "203.0.113.9" : "203.0.113.7",
        identification: 1 + ((number * 37 + index) % 65535),
        tcp: {
          sourcePort: ports[side as 0 | 1],
          destinationPort: ports[(1 - side) as 0 | 1],
          flags,
          sequence,
          acknowledgement: flags & ACK ? (receiver.next + ackShift) >>> 0 : 0,
          window: chance.of([0, 1, 100, 1000, 8192, 64240, 65535]),
          ...(flags & SYN
            ? {
                maximumSegmentSize: 1460,
                sackPermitted: sender.sack,
                ...(sender.scale === undefined ? {} : { windowScale: sender.scale }),
              }
            : chance.below(8) === 0
              ? { options: sackOption(receiver.next + chance.of([10, 1000, 70000])) }
              : {}),
        },
        payload,
      }),
    )
    if (shift === 0) sender.next = (sequence + payload + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)) >>> 0
  }
  return frames
}

function newEnd(chance: Chance): End {
  return {
    next: chance.of([0, 1000, 0x7fffff00, 0xfffffff0, chance.below(0xffffffff)]),
    scale: chance.of([undefined, 0, 2, 7, 14]),
    sack: chance.below(2) === 0,
  }
}

function sackOption(right: number): Uint8Array {
  const bytes = new Uint8Array(12)
  bytes.set([1, 1, 5, 10])
  const view = new DataView(bytes.buffer)
  view.setUint32(4, (right - 10) >>> 0)
  view.setUint32(8, right >>> 0)
  return bytes
}

const A = ACK
const PA = PSH | ACK
const SA = SYN | ACK
const FA = FIN | ACK
const RA = RST | ACK
const later = [A, A, A, PA, PA, FA, FA, RST, RA, SYN, SA, A, FA, URG | ACK]
const usual = [
  [SYN, SYN, SYN, SYN, A, FA, SA, PA],
  [SA, SA, SA, A, SYN, RST, RA, FA],
  [A, A, PA, SYN, SA, FA, RA],
  later,
]
const shifts = [
  -1, 1, -100, 100, -2000, 2000, -65000, 65000, -70000, 70000, -200000, 200000, 0x40000000, -0x40000000,
]

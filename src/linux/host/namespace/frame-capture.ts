import { int, linkAddress } from "./frame-sender.js"
import { libc } from "./libc.js"
import type { NetworkNamespace } from "./namespace.js"

/** A frame as the kernel saw it on a device, before any hook. */
export interface CapturedFrame {
  /** Nanoseconds since the capture's `epoch`: the receiving kernel's clock. */
  readonly time: number
  readonly bytes: Uint8Array
  readonly wireLength: number
  readonly direction: "in" | "out"
  readonly device: string
}

/** Captures every frame that arrives on a device or leaves by it. */
export interface FrameCapture {
  readonly device: string
  /** What came since the last call, in order. Call it again after `settle` to have the last ones. */
  read(): CapturedFrame[]
  /** Frames that the kernel had no room for since the beginning; a capture with losses proves nothing. */
  lost(): number
  close(): void
}

export interface CaptureOptions {
  /** Seconds since 1970 that times count from. One for all captures of a laboratory, so that they can be merged. */
  readonly epoch: number
  /** Room for frames that were not read yet; each takes about its length and 100 bytes. */
  readonly megabytes?: number
}

const AF_PACKET = 17
const SOCK_RAW = 3
const ETH_P_ALL = 3
const SOL_PACKET = 263
const PACKET_RX_RING = 5
const PACKET_VERSION = 10
const TPACKET_V3 = 2
const PACKET_OUTGOING = 4
const TP_STATUS_USER = 1
const TP_STATUS_VLAN_VALID = 1 << 4
const TP_STATUS_VLAN_TPID_VALID = 1 << 6
const PACKET_STATISTICS = 6
/** Room for the largest frame; small, because a block is handed over as a whole, however little is in it. */
const BLOCK = 1 << 18
/** The kernel hands over a block that is not full after so many milliseconds. */
const RETIRE_MILLISECONDS = 8

/**
 * Opens a capture in `namespace` on a memory ring (Documentation/networking/packet_mmap.rst, TPACKET_V3): unlike a socket's queue, a ring
 * of any size needs no privilege outside the namespace.
 */
export function openFrameCapture(
  namespace: NetworkNamespace,
  device: string,
  { epoch, megabytes = 32 }: CaptureOptions,
): FrameCapture {
  const library = libc()
  const { fd, index } = namespace.inside(() => ({
    // Protocol 0 until the ring stands, so that nothing is queued beside it.
    fd: library.socket(AF_PACKET, SOCK_RAW, 0),
    index: library.if_nametoindex(device),
  }))
  if (fd < 0) throw new Error(`a packet socket: ${library.errorName()}`)
  if (index === 0) throw new Error(`no device ${device}`)
  const fail = (what: string): never => {
    const why = library.errorName()
    library.close(fd)
    throw new Error(`${what} on ${device}: ${why}`)
  }
  if (library.setsockopt(fd, SOL_PACKET, PACKET_VERSION, int(TPACKET_V3), 4) !== 0) fail("PACKET_VERSION")
  const request = new DataView(new ArrayBuffer(28))
  const blocks = Math.ceil((megabytes << 20) / BLOCK)
  for (const [place, value] of [BLOCK, blocks, 2048, (BLOCK / 2048) * blocks, RETIRE_MILLISECONDS].entries())
    request.setUint32(place * 4, value, true)
  if (library.setsockopt(fd, SOL_PACKET, PACKET_RX_RING, new Uint8Array(request.buffer), 28) !== 0)
    fail("PACKET_RX_RING")
  const ring = library.map(fd, BLOCK * blocks) ?? fail("the ring")
  if (library.bind(fd, linkAddress(index, ETH_P_ALL), 20) !== 0) fail("bind")

  const statistics = library.allocate(4096) ?? fail("memory")

  const { view, bytes } = ring
  let next = 0
  let losing = 0
  let open = true
  return {
    device,
    read() {
      const frames: CapturedFrame[] = []
      if (!open) return frames
      for (;;) {
        const block = next * BLOCK
        if ((view.getUint32(block + 8, true) & TP_STATUS_USER) === 0) return frames
        let at = block + view.getUint32(block + 16, true)
        for (let left = view.getUint32(block + 12, true); left > 0; left--) {
          frames.push(frame(at))
          at += view.getUint32(at, true)
        }
        view.setUint32(block + 8, 0, true)
        next = (next + 1) % blocks
      }
    },
    lost() {
      if (!open) return losing
      // struct tpacket_stats_v3: frames, drops, times the ring was full; asking starts them anew.
      statistics.view.setUint32(16, 12, true)
      if (
        library.getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, statistics.address, statistics.address + 16) !==
        0
      )
        throw new Error(`PACKET_STATISTICS: ${library.errorName()}`)
      losing += statistics.view.getUint32(4, true)
      return losing
    },
    close() {
      if (!open) return
      open = false
      library.free(ring)
      library.free(statistics)
      library.close(fd)
    },
  }

  function frame(at: number): CapturedFrame {
    const status = view.getUint32(at + 20, true)
    const captured = view.getUint32(at + 12, true)
    const start = at + view.getUint16(at + 24, true)
    const tagged = (status & TP_STATUS_VLAN_VALID) !== 0
    return {
      time: (view.getUint32(at + 4, true) - epoch) * 1e9 + view.getUint32(at + 8, true),
      bytes: tagged ? retag(start, captured, at, status) : bytes.slice(start, start + captured),
      wireLength: view.getUint32(at + 16, true) + (tagged ? 4 : 0),
      direction: view.getUint8(at + 48 + 10) === PACKET_OUTGOING ? "out" : "in",
      device,
    }
  }

  /** The kernel takes the outer VLAN tag out of the frame before packet sockets see it; here it goes back in. */
  function retag(start: number, captured: number, at: number, status: number): Uint8Array {
    const whole = new Uint8Array(captured + 4)
    whole.set(bytes.subarray(start, start + 12))
    const tag = new DataView(whole.buffer, 12, 4)
    tag.setUint16(0, status & TP_STATUS_VLAN_TPID_VALID ? view.getUint16(at + 36, true) : 0x8100)
    tag.setUint16(2, view.getUint32(at + 32, true))
    whole.set(bytes.subarray(start + 12, start + captured), 16)
    return whole
  }
}

const idle = new Int32Array(new SharedArrayBuffer(4))

/** Waits, without letting anything else run on this thread, until the kernel has handed over what it has. */
export function settle(milliseconds = 25): void {
  Atomics.wait(idle, 0, 0, milliseconds)
}

import { readFileSync } from "node:fs"
import { libc, type Memory } from "./libc.js"
import type { NetworkNamespace } from "./namespace.js"

/** A frame, and when it shall be sent: nanoseconds after the first. Without a time: right after the one before. */
export interface TimedFrame {
  readonly at?: number
  readonly bytes: Uint8Array
}

export interface SendResult {
  readonly sent: number
  /** How long it took. */
  readonly nanoseconds: number
  /** How late the latest frame was against its time. */
  readonly latest: number
}

export interface SendOptions {
  /** Called between batches, for who must read meanwhile. */
  readonly between?: () => void
  /** Frames in one system call, at most 1024. */
  readonly batch?: number
}

/** Sends Ethernet frames on one device, past its queueing discipline. */
export interface FrameSender {
  send(frames: Iterable<TimedFrame>, options?: SendOptions): SendResult
  /** Frames since it was opened. */
  readonly total: number
  close(): void
}

const AF_PACKET = 17
const SOCK_RAW = 3
const SOL_PACKET = 263
const PACKET_QDISC_BYPASS = 20
const ENOBUFS = 105
const EAGAIN = 11
const EINTR = 4

/** struct mmsghdr (64 bytes: msghdr, then the length sent) and struct iovec (16 bytes). */
const MESSAGE = 64
const VECTOR = 16
const MESSAGES = 1024
const ROOM = 4 << 20

/** Opens a sender in `namespace`; throws where the device is not there. */
export function openFrameSender(namespace: NetworkNamespace, device: string): FrameSender {
  const library = libc()
  const { fd, index } = namespace.inside(() => ({
    fd: library.socket(AF_PACKET, SOCK_RAW, 0),
    index: library.if_nametoindex(device),
  }))
  if (fd < 0) throw new Error(`a packet socket: ${library.errorName()}`)
  if (index === 0) throw new Error(`no device ${device}`)
  if (library.bind(fd, linkAddress(index, 0), 20) !== 0)
    throw new Error(`bind to ${device}: ${library.errorName()}`)
  library.setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, int(1), 4)
  const table = library.allocate(MESSAGES * (MESSAGE + VECTOR))
  const room = library.allocate(ROOM)
  if (!table || !room) throw new Error(`memory for sending: ${library.errorName()}`)
  prepare(table)
  let open = true
  let total = 0

  return {
    get total() {
      return total
    },
    send(frames, options = {}) {
      const batch = Math.min(options.batch ?? MESSAGES, MESSAGES)
      const start = process.hrtime.bigint()
      const elapsed = () => Number(process.hrtime.bigint() - start)
      let sent = 0
      let latest = 0
      let count = 0
      let used = 0
      const flush = () => {
        let done = 0
        while (done < count) {
          const some = library.sendmmsg(
            fd,
            table.address + done * MESSAGE,
            Math.min(count - done, PORTION),
            0,
          )
          if (some > 0) {
            done += some
            letBacklogDrain()
            continue
          }
          const number = library.errno()
          if (number === ENOBUFS || number === EAGAIN || number === EINTR) continue
          throw new Error(`sendmmsg on ${device}: ${library.errorName()}`)
        }
        sent += count
        total += count
        count = 0
        used = 0
        options.between?.()
      }
      for (const { at, bytes } of frames) {
        if (bytes.byteLength > ROOM) throw new Error(`a frame of ${bytes.byteLength} bytes`)
        const now = at === undefined ? 0 : elapsed()
        if (at !== undefined && at > now) {
          if (count > 0) flush()
          waitUntil(at, elapsed, options.between)
        }
        if (count === batch || used + bytes.byteLength > ROOM) flush()
        if (at !== undefined) latest = Math.max(latest, elapsed() - at)
        room.bytes.set(bytes, used)
        const vector = MESSAGES * MESSAGE + count * VECTOR
        table.view.setBigUint64(vector, BigInt(room.address + used), true)
        table.view.setUint32(vector + 8, bytes.byteLength, true)
        used += bytes.byteLength
        count++
      }
      if (count > 0) flush()
      return { sent, nanoseconds: elapsed(), latest }
    },
    close() {
      if (!open) return
      open = false
      library.close(fd)
      library.free(table)
      library.free(room)
    },
  }
}

/**
 * A veth hands frames to the receiving processor's backlog, which holds net.core.netdev_max_backlog (1000) and drops the rest in silence; on a busy machine
 * it is emptied later than it fills. So a sender goes on only when it is nearly empty.
 */
const PORTION = 128
const BACKLOG_LOW = 100
/** A backlog that does not move is not ours to wait for. */
const BACKLOG_PATIENCE_MILLISECONDS = 2000

function letBacklogDrain(): void {
  for (let waited = 0; waited < BACKLOG_PATIENCE_MILLISECONDS && longestBacklog() > BACKLOG_LOW; waited++)
    Atomics.wait(idle, 0, 0, 1)
}

/** The twelfth column of each processor's line (net/core/net-procs.c), since Linux 5.10; 0 where there is none. */
function longestBacklog(): number {
  let longest = 0
  for (const line of readFileSync("/proc/net/softnet_stat", "latin1").split("\n")) {
    const column = line.split(" ")[11]
    if (column !== undefined) longest = Math.max(longest, Number.parseInt(column, 16))
  }
  return longest
}

/** Points each message at its vector once and for all. */
function prepare(table: Memory): void {
  for (let index = 0; index < MESSAGES; index++) {
    const vector = table.address + MESSAGES * MESSAGE + index * VECTOR
    table.view.setBigUint64(index * MESSAGE + 16, BigInt(vector), true)
    table.view.setBigUint64(index * MESSAGE + 24, 1n, true)
  }
}

/** Sleeps while the time is far, then spins: timers are too coarse for a pace of microseconds. */
function waitUntil(at: number, elapsed: () => number, between: (() => void) | undefined): void {
  for (;;) {
    const left = at - elapsed()
    if (left <= 0) return
    if (left > 3_000_000) {
      between?.()
      Atomics.wait(idle, 0, 0, 1)
    }
  }
}

const idle = new Int32Array(new SharedArrayBuffer(4))

/** struct sockaddr_ll: family, protocol (network order), interface index. */
export function linkAddress(index: number, protocol: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(20))
  view.setUint16(0, AF_PACKET, true)
  view.setUint16(2, protocol)
  view.setInt32(4, index, true)
  return new Uint8Array(view.buffer)
}

export function int(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4))
  view.setInt32(0, value, true)
  return new Uint8Array(view.buffer)
}

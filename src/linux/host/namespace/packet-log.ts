import { int } from "./frame-sender.js"
import { libc } from "./libc.js"
import type { NetworkNamespace } from "./namespace.js"

/** A packet that a rule with `log group N` met. */
export interface LoggedPacket {
  /** The rule's prefix. */
  readonly prefix: string
  /** NF_INET_* number of the hook: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting. */
  readonly hook: number
  /** 4 or 6, as the rule's table met it. */
  readonly family: number
  /** The device that it leaves by, where the hook knows it: its index in the namespace, or 0. */
  readonly outputDevice: number
  /** From the IP header on, as it was at that hook: defragmented, translated. */
  readonly bytes: Uint8Array
}

/** Reads what rules log to a netlink group (NFLOG), without a daemon. */
export interface PacketLog {
  /** What came since the last call, in order. */
  read(): LoggedPacket[]
  /** Packets that the kernel had no room for. A log with losses proves nothing. */
  lost(): number
  close(): void
}

// include/uapi/linux/netfilter/nfnetlink_log.h, linux/netlink.h
const AF_NETLINK = 16
const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000
const NETLINK_NETFILTER = 12
const SOL_SOCKET = 1
const SO_RCVBUF = 8
const SO_RCVBUFFORCE = 33
const ULOG_PACKET = 0x0400
const ULOG_CONFIG = 0x0401
const NLM_REQUEST_ACK = 5
const NLMSG_ERROR = 2
const NFULA_PACKET_HDR = 1
const NFULA_IFINDEX_OUTDEV = 5
const NFULA_PAYLOAD = 9
const NFULA_PREFIX = 10
const NFULA_SEQ = 12
const NFULA_CFG_CMD = 1
const NFULA_CFG_MODE = 2
const NFULA_CFG_NLBUFSIZ = 3
const NFULA_CFG_TIMEOUT = 4
const NFULA_CFG_QTHRESH = 5
const NFULA_CFG_FLAGS = 6
const FLAG_SEQUENCE = 1
const ENOBUFS = 105
const EINTR = 4
const ROOM = 1 << 20

/** Binds a log group in `namespace`. Throws where the kernel refuses. */
export function openPacketLog(namespace: NetworkNamespace, group: number): PacketLog {
  const library = libc()
  const fd = namespace.inside(() => library.socket(AF_NETLINK, SOCK_RAW_NONBLOCK_CLOEXEC, NETLINK_NETFILTER))
  if (fd < 0) throw new Error(`a netlink socket: ${library.errorName()}`)
  // The first needs privilege outside the namespace; the second takes what the host allows everybody.
  if (library.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, int(64 << 20), 4) !== 0)
    library.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, int(64 << 20), 4)
  const room = library.allocate(ROOM)
  if (!room) throw new Error("memory for a packet log")
  const pending: LoggedPacket[] = []
  let expected = -1
  let lost = 0
  let open = true

  configure(NFULA_CFG_CMD, [1])
  configure(NFULA_CFG_MODE, [0, 0, 255, 255, 2, 0])
  // Many packets in one message take far less of the queue than one message each.
  configure(NFULA_CFG_NLBUFSIZ, big32(65536))
  configure(NFULA_CFG_QTHRESH, big32(64))
  configure(NFULA_CFG_TIMEOUT, big32(1))
  configure(NFULA_CFG_FLAGS, [0, FLAG_SEQUENCE])

  return {
    read() {
      while (open && receive()) {}
      return pending.splice(0)
    },
    lost: () => lost,
    close() {
      if (!open) return
      open = false
      library.close(fd)
      library.free(room)
    },
  }

  function configure(attribute: number, value: readonly number[]): void {
    const length = 4 + value.length
    const message = new DataView(new ArrayBuffer(20 + ((length + 3) & ~3)))
    message.setUint32(0, message.byteLength, true)
    message.setUint16(4, ULOG_CONFIG, true)
    message.setUint16(6, NLM_REQUEST_ACK, true)
    message.setUint16(18, group)
    message.setUint16(20, length, true)
    message.setUint16(22, attribute, true)
    for (const [index, byte] of value.entries()) message.setUint8(24 + index, byte)
    library.sendto(fd, new Uint8Array(message.buffer), message.byteLength, 0, netlinkKernel, 12)
    const error = acknowledgement()
    if (error !== 0) throw new Error(`log group ${group}: the kernel refuses (error ${-error})`)
  }

  /** The kernel answers within the send call. */
  function acknowledgement(): number {
    const { view } = room!
    for (;;) {
      const length = library.recv(fd, room!.address, ROOM, 0)
      if (length < 20) return -1
      if (view.getUint16(4, true) === NLMSG_ERROR) return view.getInt32(16, true)
      messages(length)
    }
  }

  function receive(): boolean {
    const length = library.recv(fd, room!.address, ROOM, 0)
    if (length < 0) {
      const number = library.errno()
      // The loss itself shows in the sequence numbers.
      return number === ENOBUFS || number === EINTR
    }
    messages(length)
    return length > 0
  }

  function messages(length: number): void {
    const { view } = room!
    for (let at = 0; at + 16 <= length; ) {
      const size = view.getUint32(at, true)
      if (size < 16) return
      if (view.getUint16(at + 4, true) === ULOG_PACKET) packet(at, at + size)
      at += (size + 3) & ~3
    }
  }

  function packet(from: number, end: number): void {
    const { view, bytes } = room!
    let prefix = ""
    let hook = -1
    let outputDevice = 0
    let payload: Uint8Array = new Uint8Array(0)
    const netfilterFamily = view.getUint8(from + 16)
    for (let at = from + 20; at + 4 <= end; ) {
      const size = view.getUint16(at, true)
      if (size < 4) break
      const kind = view.getUint16(at + 2, true) & 0x7fff
      if (kind === NFULA_PACKET_HDR) hook = view.getUint8(at + 6)
      else if (kind === NFULA_IFINDEX_OUTDEV) outputDevice = view.getUint32(at + 4)
      else if (kind === NFULA_PREFIX) prefix = Buffer.from(bytes.subarray(at + 4, at + size - 1)).toString()
      else if (kind === NFULA_PAYLOAD) payload = bytes.slice(at + 4, at + size)
      else if (kind === NFULA_SEQ) {
        const sequence = view.getUint32(at + 4)
        if (expected >= 0) lost += (sequence - expected) >>> 0
        expected = (sequence + 1) >>> 0
      }
      at += (size + 3) & ~3
    }
    const version = payload.length > 0 ? payload[0]! >> 4 : netfilterFamily === 10 ? 6 : 4
    pending.push({ prefix, hook, family: version, outputDevice, bytes: payload })
  }
}

const netlinkKernel = (() => {
  const view = new DataView(new ArrayBuffer(12))
  view.setUint16(0, AF_NETLINK, true)
  return new Uint8Array(view.buffer)
})()

function big32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
}

import { done, fail, failed, type Outcome } from "../outcome.js"
import {
  BODY,
  type Message,
  messageWriter,
  NLM_F_ACK,
  NLM_F_REQUEST,
  readAttributes,
  textAt,
} from "./message.js"
import { openNetlink } from "./socket.js"

/** A packet that a rule with `log group N` met. One object serves for all: who keeps something of it copies. */
export interface LoggedPacket {
  /** The rule's prefix. */
  readonly prefix: string
  /** NF_INET_* number of the hook: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting, 5 ingress. */
  readonly hook: number
  /** Index of the device that it came in by, or 0. */
  readonly inputDevice: number
  readonly outputDevice: number
  /** EtherType, as the kernel classed it: 0x0800, 0x86dd. */
  readonly etherType: number
  /** From the IP header on, as far as the rule's `snaplen` goes: a view that is good for the length of the call. */
  readonly bytes: Uint8Array
}

export interface PacketLog {
  readonly fd: number
  /** Reads what is there, some messages' worth; true: there is more. */
  read(each: (packet: LoggedPacket) => void): boolean
  /** Packets that the kernel had no room for. */
  readonly lost: number
  close(): void
}

// linux/netfilter/nfnetlink_log.h
const ULOG_PACKET = 0x0400
const ULOG_CONFIG = 0x0401
const NFULA_PACKET_HDR = 1
const NFULA_IFINDEX_INDEV = 4
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
const BIND = 1
const COPY_PACKET = 2
const NUMBERED = 1
const AF_UNSPEC = 0
const EBUSY = 16
const EPERM = 1

/** How many packets the kernel gathers before it tells, and how long it waits for them, in hundredths of a second. Rules log at a bounded rate: each is told at once. */
const TOGETHER = 1
const WAIT = 1

/** Binds a log group of the network namespace that this thread is in. Only one program can have it. */
export function openPacketLog(group: number, room = 1 << 21): Outcome<PacketLog> {
  const opened = openNetlink({ receive: room })
  if (failed(opened)) return opened
  const socket = opened.value
  const writer = messageWriter()
  const configure = (write: () => void): number => {
    writer.clear()
    writer.begin(ULOG_CONFIG, NLM_F_REQUEST | NLM_F_ACK, AF_UNSPEC, group)
    write()
    writer.end()
    return socket.request(writer.written())
  }
  const error =
    configure(() => writer.u8(NFULA_CFG_CMD, BIND)) ||
    configure(() => writer.bytes(NFULA_CFG_MODE, new Uint8Array([0, 0, 255, 255, COPY_PACKET, 0]))) ||
    configure(() => writer.u32(NFULA_CFG_NLBUFSIZ, 1 << 15)) ||
    configure(() => writer.u32(NFULA_CFG_QTHRESH, TOGETHER)) ||
    configure(() => writer.u32(NFULA_CFG_TIMEOUT, WAIT)) ||
    configure(() => writer.u16(NFULA_CFG_FLAGS, NUMBERED))
  if (error !== 0) {
    socket.close()
    return refused(group, error)
  }

  let expected = -1
  let lost = 0
  const packet = {
    prefix: "",
    hook: -1,
    inputDevice: 0,
    outputDevice: 0,
    etherType: 0,
    bytes: new Uint8Array(0) as Uint8Array,
  }
  const take = (message: Message): boolean => {
    if (message.type !== ULOG_PACKET) return false
    const { view, bytes } = message
    packet.prefix = ""
    packet.hook = -1
    packet.inputDevice = 0
    packet.outputDevice = 0
    packet.bytes = nothing
    readAttributes(view, message.from + BODY, message.end, (kind, at, length) => {
      if (kind === NFULA_PAYLOAD) packet.bytes = bytes.subarray(at, at + length)
      else if (kind === NFULA_PREFIX) packet.prefix = textAt(bytes, at, length)
      else if (kind === NFULA_IFINDEX_INDEV && length >= 4) packet.inputDevice = view.getUint32(at)
      else if (kind === NFULA_IFINDEX_OUTDEV && length >= 4) packet.outputDevice = view.getUint32(at)
      else if (kind === NFULA_PACKET_HDR && length >= 3) {
        packet.etherType = view.getUint16(at)
        packet.hook = view.getUint8(at + 2)
      } else if (kind === NFULA_SEQ && length >= 4) {
        const number = view.getUint32(at)
        if (expected >= 0) lost += (number - expected) >>> 0
        expected = (number + 1) >>> 0
      }
    })
    return true
  }

  return done({
    fd: socket.fd,
    read(each) {
      return socket.read((message) => {
        if (take(message)) each(packet)
      }, READS)
    },
    get lost() {
      return lost
    },
    close: () => socket.close(),
  })
}

/** Receive calls in one turn: at most some hundred packets, a millisecond or two. */
const READS = 32

const nothing = new Uint8Array(0)

function refused(group: number, error: number): ReturnType<typeof fail> {
  if (error === EBUSY) {
    return fail(
      "cannot",
      "log-group-taken",
      `another program listens to log group ${group}`,
      "is another guard running? ulogd and tcpdump -i nflog take a group for themselves, too",
    )
  }
  return fail(
    "cannot",
    "no-netlink",
    `log group ${group} cannot be bound (error ${error})`,
    error === EPERM ? "run it as root, or with CAP_NET_ADMIN" : "the kernel needs nfnetlink_log",
  )
}

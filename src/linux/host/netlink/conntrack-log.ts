import { done, fail, failed, type Outcome } from "../outcome.js"
import { BODY, type Message, messageWriter, NLM_F_DUMP, NLM_F_REQUEST, readAttributes } from "./message.js"
import { openNetlink } from "./socket.js"

/** A connection as conntrack tells of it. One object serves for all: who keeps something of it copies. */
export class TrackedConnection {
  change: "new" | "update" | "destroy" = "new"
  family: 4 | 6 = 4
  /** Where the addresses lie in `bytes`, in network order: as the caller sent them, so before DNAT. */
  source = 0
  destination = 0
  bytes: Uint8Array = new Uint8Array(0)
  protocol = 0
  sourcePort = 0
  destinationPort = 0
  /** Who answers: behind DNAT it is not the destination. */
  replySource = 0
  /** IPS_* of linux/netfilter/nf_conntrack_common.h. */
  status = 0
  /** TCP_CONNTRACK_*: 1 SYN_SENT, 2 SYN_RECV, 3 ESTABLISHED, … 8 CLOSE; 0 where it is not told. */
  tcpState = 0
  packetsOut = 0
  packetsBack = 0
  bytesOut = 0
  bytesBack = 0
  /** The connection's own number, the same in all messages about it. */
  id = 0
}

export const IPS_SEEN_REPLY = 2
export const IPS_ASSURED = 4
export const TCP_SYN_SENT = 1
export const TCP_SYN_RECV = 2
export const TCP_ESTABLISHED = 3
export const TCP_FIN_WAIT = 4
export const TCP_CLOSE = 8

export interface ConnectionLog {
  readonly fd: number
  /** Reads what is there, some messages' worth; true: there is more. */
  read(each: (connection: TrackedConnection) => void): boolean
  /** How often something was lost because nobody read in time. */
  readonly overruns: number
  close(): void
}

// linux/netfilter/nfnetlink.h, nfnetlink_conntrack.h
const NFNLGRP_CONNTRACK_NEW = 1
const NFNLGRP_CONNTRACK_UPDATE = 2
const NFNLGRP_CONNTRACK_DESTROY = 3
const NFNL_SUBSYS_CTNETLINK = 1
const IPCTNL_MSG_CT_NEW = 0
const IPCTNL_MSG_CT_GET = 1
const IPCTNL_MSG_CT_DELETE = 2
const NLM_F_CREATE_EXCL = 0x600
const CTA_TUPLE_ORIG = 1
const CTA_TUPLE_REPLY = 2
const CTA_STATUS = 3
const CTA_PROTOINFO = 4
const CTA_COUNTERS_ORIG = 9
const CTA_COUNTERS_REPLY = 10
const CTA_ID = 12
const CTA_TUPLE_IP = 1
const CTA_TUPLE_PROTO = 2
const CTA_IP_V4_SRC = 1
const CTA_IP_V4_DST = 2
const CTA_IP_V6_SRC = 3
const CTA_IP_V6_DST = 4
const CTA_PROTO_NUM = 1
const CTA_PROTO_SRC_PORT = 2
const CTA_PROTO_DST_PORT = 3
const CTA_PROTOINFO_TCP = 1
const CTA_PROTOINFO_TCP_STATE = 1
const CTA_COUNTERS_PACKETS = 1
const CTA_COUNTERS_BYTES = 2

const READS = 16

/** Hears of connections that begin, are answered and end, in the network namespace that this thread is in. */
export function openConnectionLog(room = 2 << 20): Outcome<ConnectionLog> {
  const opened = openNetlink({ receive: room })
  if (failed(opened)) return opened
  const socket = opened.value
  const groups = [NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_UPDATE, NFNLGRP_CONNTRACK_DESTROY]
  if (!groups.every((group) => socket.join(group))) {
    const why = socket.errorName()
    socket.close()
    return fail("cannot", "no-netlink", `notifications of connection tracking: ${why}`)
  }
  const connection = new TrackedConnection()
  return done({
    fd: socket.fd,
    read: (each) =>
      socket.read((message) => {
        if (fill(connection, message)) each(connection)
      }, READS),
    get overruns() {
      return socket.overruns
    },
    close: () => socket.close(),
  })
}

/** Every connection that is alive now. For who asks rarely: the kernel walks its whole table. */
export function eachConnection(each: (connection: TrackedConnection) => void): Outcome<void> {
  const opened = openNetlink({ receive: 4 << 20 })
  if (failed(opened)) return opened
  const socket = opened.value
  const writer = messageWriter()
  writer.begin((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET, NLM_F_REQUEST | NLM_F_DUMP, 0)
  writer.end()
  const connection = new TrackedConnection()
  const error = socket.request(writer.written(), (message) => {
    if (fill(connection, message)) each(connection)
  })
  socket.close()
  return error === 0
    ? done(undefined)
    : fail("cannot", "no-netlink", `connection tracking cannot be read (error ${error})`)
}

/** False: it is not about a connection. */
function fill(into: TrackedConnection, { view, bytes, type, flags, from, end }: Message): boolean {
  if (type >> 8 !== NFNL_SUBSYS_CTNETLINK) return false
  const kind = type & 0xff
  if (kind !== IPCTNL_MSG_CT_NEW && kind !== IPCTNL_MSG_CT_DELETE) return false
  into.change = kind === IPCTNL_MSG_CT_DELETE ? "destroy" : flags & NLM_F_CREATE_EXCL ? "new" : "update"
  into.family = view.getUint8(from + 16) === 10 ? 6 : 4
  into.bytes = bytes
  into.source = 0
  into.destination = 0
  into.replySource = 0
  into.protocol = 0
  into.sourcePort = 0
  into.destinationPort = 0
  into.status = 0
  into.tcpState = 0
  into.packetsOut = 0
  into.packetsBack = 0
  into.bytesOut = 0
  into.bytesBack = 0
  into.id = 0
  readAttributes(view, from + BODY, end, (attribute, at, length) => {
    switch (attribute) {
      case CTA_TUPLE_ORIG:
        readAttributes(view, at, at + length, (part, place, size) => {
          if (part === CTA_TUPLE_IP)
            readAttributes(view, place, place + size, (field, value) => {
              if (field === CTA_IP_V4_SRC || field === CTA_IP_V6_SRC) into.source = value
              else if (field === CTA_IP_V4_DST || field === CTA_IP_V6_DST) into.destination = value
            })
          else if (part === CTA_TUPLE_PROTO)
            readAttributes(view, place, place + size, (field, value) => {
              if (field === CTA_PROTO_NUM) into.protocol = view.getUint8(value)
              else if (field === CTA_PROTO_SRC_PORT) into.sourcePort = view.getUint16(value)
              else if (field === CTA_PROTO_DST_PORT) into.destinationPort = view.getUint16(value)
            })
        })
        break
      case CTA_TUPLE_REPLY:
        readAttributes(view, at, at + length, (part, place, size) => {
          if (part !== CTA_TUPLE_IP) return
          readAttributes(view, place, place + size, (field, value) => {
            if (field === CTA_IP_V4_SRC || field === CTA_IP_V6_SRC) into.replySource = value
          })
        })
        break
      case CTA_STATUS:
        into.status = view.getUint32(at)
        break
      case CTA_PROTOINFO:
        readAttributes(view, at, at + length, (part, place, size) => {
          if (part !== CTA_PROTOINFO_TCP) return
          readAttributes(view, place, place + size, (field, value) => {
            if (field === CTA_PROTOINFO_TCP_STATE) into.tcpState = view.getUint8(value)
          })
        })
        break
      case CTA_COUNTERS_ORIG:
      case CTA_COUNTERS_REPLY:
        readAttributes(view, at, at + length, (part, place, size) => {
          if (size !== 8) return
          const number = Number(view.getBigUint64(place))
          const isOut = attribute === CTA_COUNTERS_ORIG
          if (part === CTA_COUNTERS_PACKETS) into[isOut ? "packetsOut" : "packetsBack"] = number
          else if (part === CTA_COUNTERS_BYTES) into[isOut ? "bytesOut" : "bytesBack"] = number
        })
        break
      case CTA_ID:
        into.id = view.getUint32(at)
        break
      default:
    }
  })
  return into.source !== 0
}

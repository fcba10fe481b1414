import { type Libc, loadLibc, type Memory } from "../namespace/libc.js"
import { done, fail, type Outcome } from "../outcome.js"
import { type Message, NLMSG_ERROR, readMessages } from "./message.js"
import { type MessageSlots, openMessageSlots } from "./message-slots.js"

/** A socket of netfilter's netlink family (netlink(7), NETLINK_NETFILTER), bound to the network namespace that it was opened in. */
export interface NetlinkSocket {
  readonly fd: number
  /** The number that the kernel gave it: our own changes bear it in notifications. */
  readonly port: number
  /** Messages that were lost because nobody read them in time. Their number is not known, only that it happened. */
  readonly overruns: number
  /** Joins a group of notifications; false: the kernel refuses. */
  join(group: number): boolean
  send(bytes: Uint8Array): boolean
  /** Reads what is there, at most `messages` system calls' worth; true: there is more. Messages are good for the length of the call. */
  read(each: (message: Message) => void, calls?: number): boolean
  /** Sends, and reads until the kernel has acknowledged: 0, or its errno. Netfilter answers before `send` returns, so this does not wait. */
  request(bytes: Uint8Array, each?: (message: Message) => void): number
  /** The same where the answer is many short messages, below 2 kB each, each by itself: it reads a hundred with one system call. */
  requestMany(bytes: Uint8Array, each: (message: Message) => void): number
  /** Why the last call failed: `EPERM`. */
  errorName(): string
  close(): void
}

const AF_NETLINK = 16
const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000
const NETLINK_NETFILTER = 12
const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SO_RCVBUF = 8
const SO_SNDBUFFORCE = 32
const SO_RCVBUFFORCE = 33
const SOL_NETLINK = 270
const NETLINK_ADD_MEMBERSHIP = 1
/** Errors come without the request that they are about: batches of megabytes would come back otherwise. */
const NETLINK_CAP_ACK = 10
const ENOBUFS = 105
const EINTR = 4
const EAGAIN = 11

/** The kernel puts at most 32 kB in one part of an answer, and nflog at most as many as it was told. */
const ROOM = 1 << 17

export interface SocketSizes {
  /** Bytes that may wait to be read. What a flood can make wait is this much and no more. */
  readonly receive?: number
  readonly send?: number
}

export function openNetlink(sizes: SocketSizes = {}): Outcome<NetlinkSocket> {
  const library = loadLibc()
  if (typeof library === "string") return fail("cannot", "no-netlink", library)
  const fd = library.socket(AF_NETLINK, SOCK_RAW_NONBLOCK_CLOEXEC, NETLINK_NETFILTER)
  if (fd < 0) return fail("cannot", "no-netlink", `a netlink socket: ${library.errorName()}`)
  const own = library.bind(fd, kernelAddress, kernelAddress.length)
  const room = own === 0 ? library.allocate(ROOM) : null
  if (!room) {
    const why = library.errorName()
    library.close(fd)
    return fail("cannot", "no-netlink", `a netlink socket: ${why}`)
  }
  size(library, fd, SO_RCVBUFFORCE, SO_RCVBUF, sizes.receive ?? 1 << 21)
  size(library, fd, SO_SNDBUFFORCE, SO_SNDBUF, sizes.send ?? 1 << 18)
  library.setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, int(1), 4)
  return done(makeSocket(library, fd, room))
}

function makeSocket(library: Libc, fd: number, room: Memory): NetlinkSocket {
  let open = true
  let overruns = 0
  const port = ownPort(library, fd, room)

  const receive = (each: (message: Message) => void): "some" | "none" => {
    const length = library.recv(fd, room.address, ROOM, 0)
    if (length < 0) {
      const number = library.errno()
      if (number === ENOBUFS) overruns++
      return number === ENOBUFS || number === EINTR ? "some" : "none"
    }
    readMessages(room.view, room.bytes, length, each)
    return length > 0 ? "some" : "none"
  }
  let slots: MessageSlots | undefined
  const request = (bytes: Uint8Array, each: (message: Message) => void, read: typeof receive): number => {
    if (!send(bytes)) return library.errno() || EAGAIN
    let answer: number | undefined
    const take = (message: Message) => {
      if (message.type === NLMSG_ERROR) {
        const error = -message.view.getInt32(message.from + 16, true)
        // The first error is the one that stopped the batch.
        answer = answer || error
      } else each(message)
    }
    while (open && read(take) === "some") {}
    return answer ?? 0
  }
  const send = (bytes: Uint8Array) =>
    library.sendto(fd, bytes, bytes.length, 0, kernelAddress, kernelAddress.length) === bytes.length

  return {
    fd,
    port,
    get overruns() {
      return overruns
    },
    join: (group) => library.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, int(group), 4) === 0,
    send,
    read(each, calls = 64) {
      for (let call = 0; open && call < calls; call++) if (receive(each) === "none") return false
      return open
    },
    request: (bytes, each = () => {}) => request(bytes, each, receive),
    requestMany(bytes, each) {
      slots ??= openMessageSlots(library)
      const many = slots
      if (many === undefined) return request(bytes, each, receive)
      return request(bytes, each, (take) => (many.read(fd, take) ? "some" : receive(take)))
    },
    errorName: () => library.errorName(),
    close() {
      if (!open) return
      open = false
      library.close(fd)
      library.free(room)
      slots?.free()
    },
  }
}

/** The first needs privilege in the host's user namespace; the second takes what the host allows everybody. */
function size(library: Libc, fd: number, forced: number, asked: number, bytes: number): void {
  if (library.setsockopt(fd, SOL_SOCKET, forced, int(bytes), 4) !== 0)
    library.setsockopt(fd, SOL_SOCKET, asked, int(bytes), 4)
}

function ownPort(library: Libc, fd: number, room: Memory): number {
  room.view.setUint32(16, 12, true)
  if (library.getsockname(fd, room.address, room.address + 16) !== 0) return 0
  return room.view.getUint32(4, true)
}

function int(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint32(0, value, true)
  return new Uint8Array(view.buffer)
}

/** struct sockaddr_nl: to bind with, it asks for a number; to send to, it is the kernel. */
const kernelAddress = (() => {
  const view = new DataView(new ArrayBuffer(12))
  view.setUint16(0, AF_NETLINK, true)
  return new Uint8Array(view.buffer)
})()

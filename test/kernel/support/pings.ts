import { parseAddress } from "../../../src/core/base/address.js"
import { settle } from "../../../src/linux/host/namespace/frame-capture.js"
import { libc } from "../../../src/linux/host/namespace/libc.js"
import type { NetworkNamespace } from "../../../src/linux/host/namespace/namespace.js"

/** Echo requests of this process from a namespace: no program has to be started, and none is kept waiting for longer than its patience while the answer lies there. */
export interface Pings {
  /** Which of the hosts answer, in their order. */
  answered(hosts: readonly string[]): readonly boolean[]
  close(): void
}

const AF_INET = 2
const AF_INET6 = 10
const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000
const IPPROTO_ICMP = 1
const IPPROTO_ICMPV6 = 58
const ROOM = 65536

/** The kernel answers within the call that sends: what has not come after so many milliseconds, and after what came meanwhile was read, does not come. */
const PATIENCE = 60

export function openPings(namespace: NetworkNamespace): Pings {
  const library = libc()
  const open = (domain: number, protocol: number) => {
    const fd = namespace.inside(() => library.socket(domain, SOCK_RAW_NONBLOCK_CLOEXEC, protocol))
    if (fd < 0) throw new Error(`a raw socket: ${library.errorName()}`)
    return fd
  }
  const four = open(AF_INET, IPPROTO_ICMP)
  const six = open(AF_INET6, IPPROTO_ICMPV6)
  const room = library.allocate(ROOM)
  if (!room) throw new Error(`memory for answers: ${library.errorName()}`)
  let sequence = 0

  const send = (host: string) => {
    const parsed = parseAddress(host)
    if (!parsed) throw new Error(`${host} is no address`)
    const isFour = parsed.family === 4
    const message = new DataView(new ArrayBuffer(8))
    message.setUint8(0, isFour ? 8 : 128)
    message.setUint16(6, ++sequence)
    // ICMPv6's checksum is the kernel's affair.
    if (isFour) message.setUint16(2, 0xffff - (0x0800 + sequence))
    const to = new DataView(new ArrayBuffer(isFour ? 16 : 28))
    to.setUint16(0, isFour ? AF_INET : AF_INET6, true)
    for (const [index, word] of parsed.words.entries()) to.setUint32((isFour ? 4 : 8) + index * 4, word)
    const bytes = new Uint8Array(message.buffer)
    const address = new Uint8Array(to.buffer)
    const sent = library.sendto(isFour ? four : six, bytes, bytes.length, 0, address, address.length)
    if (sent !== bytes.length) throw new Error(`a ping of ${host}: ${library.errorName()}`)
    return sequence
  }
  /** Sequence numbers of the answers that lie there. */
  const read = (into: Set<number>) => {
    for (const [fd, type] of [
      [four, 0],
      [six, 129],
    ] as const)
      for (;;) {
        const length = library.recv(fd, room.address, ROOM, 0)
        if (length <= 0) break
        // A raw socket of IPv4 gets the IP header, one of ICMPv6 does not.
        const at = fd === four ? (room.view.getUint8(0) & 15) * 4 : 0
        if (room.view.getUint8(at) === type) into.add(room.view.getUint16(at + 6))
      }
  }
  return {
    answered(hosts) {
      const numbers = hosts.map(send)
      const answers = new Set<number>()
      const end = performance.now() + PATIENCE
      for (let isLate = false; !isLate; ) {
        isLate = performance.now() > end
        read(answers)
        if (numbers.every((number) => answers.has(number))) break
        if (!isLate) settle(5)
      }
      return numbers.map((number) => answers.has(number))
    },
    close() {
      library.close(four)
      library.close(six)
      library.free(room)
    },
  }
}

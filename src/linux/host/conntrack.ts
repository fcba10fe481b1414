import { createSocket } from "node:dgram"
import { existsSync, readFileSync } from "node:fs"

const COUNT = "/proc/sys/net/netfilter/nf_conntrack_count"

/** How full the connection table is; undefined where conntrack is not in the kernel. */
export function conntrackFill(): { readonly count: number; readonly maximum: number } | undefined {
  const count = readNumber(COUNT)
  const maximum = readNumber("/proc/sys/net/netfilter/nf_conntrack_max")
  return count === undefined || maximum === undefined ? undefined : { count, maximum }
}

/**
 * Whether conntrack sees the connections of this network namespace, in every family that the host speaks. There is no file that tells: the kernel
 * hooks it in when the first rule asks for it, a count above zero may be left over from rules that are gone, and the list of hooks
 * (`nft list hooks`) is an option of the kernel. So a datagram is sent to ourselves over loopback: where conntrack is on, there is an entry more.
 * Where loopback is down or exempt (notrack) the answer is no, which costs an apply a warm-up that it did not need, and harms nobody.
 */
export async function conntrackIsOn(): Promise<boolean> {
  if (readNumber(COUNT) === undefined) return false
  if (!(await leavesAnEntry("udp4", "127.0.0.1"))) return false
  return !existsSync("/proc/net/if_inet6") || !hasLoopback6() || leavesAnEntry("udp6", "::1")
}

/** Whether packets to other hosts pass through this one. */
export function forwards(): boolean {
  return (
    readNumber("/proc/sys/net/ipv4/ip_forward") === 1 ||
    readNumber("/proc/sys/net/ipv6/conf/all/forwarding") === 1
  )
}

/** Zero: conntrack does not pick up connections whose beginning it has not seen. */
export function picksUpMidStream(): boolean {
  return readNumber("/proc/sys/net/netfilter/nf_conntrack_tcp_loose") !== 0
}

/** Three tries: other traffic's entries may end at the same moment, and hide ours. */
async function leavesAnEntry(type: "udp4" | "udp6", address: string): Promise<boolean> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = readNumber(COUNT) ?? 0
    if (!(await sendToSelf(type, address))) return false
    if ((readNumber(COUNT) ?? 0) > before) return true
  }
  return false
}

/** Each time from another port, so that each is a new entry. */
function sendToSelf(type: "udp4" | "udp6", address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(type)
    const end = (arrived: boolean) => {
      clearTimeout(timer)
      socket.close()
      resolve(arrived)
    }
    const timer = setTimeout(() => end(false), PATIENCE_MS)
    socket.on("error", () => end(false))
    socket.on("message", () => end(true))
    socket.bind(0, address, () => socket.send("floodwall", socket.address().port, address))
  })
}

const PATIENCE_MS = 200

function hasLoopback6(): boolean {
  return /\blo$/m.test(readFileSync("/proc/net/if_inet6", "utf8"))
}

function readNumber(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8"))
  } catch {
    return undefined
  }
}

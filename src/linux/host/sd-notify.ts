import { loadLibc } from "./namespace/libc.js"

const AF_UNIX = 1
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000

/** Tells systemd how a service fares (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names, which Node has no kind of socket for. */
export interface Notifier {
  /** `READY=1`, `STOPPING=1`, `STATUS=…`, `WATCHDOG=1`. */
  tell(...assignments: readonly string[]): void
  /** Milliseconds within which systemd wants to hear WATCHDOG=1; undefined: it does not ask. */
  readonly watchdog?: number
  close(): void
}

export function openNotifier(environment: Readonly<Record<string, string | undefined>>): Notifier {
  const path = environment["NOTIFY_SOCKET"]
  const library = path ? loadLibc() : ""
  if (!path || typeof library === "string") return { tell() {}, close() {} }
  const fd = library.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0)
  const address = socketAddress(path)
  const microseconds = Number(environment["WATCHDOG_USEC"])
  const isOurs = (environment["WATCHDOG_PID"] ?? String(process.pid)) === String(process.pid)
  return {
    tell(...assignments) {
      const bytes = Buffer.from(assignments.join("\n"))
      if (fd >= 0) library.sendto(fd, bytes, bytes.length, 0, address, address.length)
    },
    ...(microseconds > 0 && isOurs && { watchdog: microseconds / 1000 }),
    close() {
      if (fd >= 0) library.close(fd)
    },
  }
}

/** struct sockaddr_un; a path that begins with @ is of the abstract namespace. */
function socketAddress(path: string): Uint8Array {
  const name = Buffer.from(path)
  if (path.startsWith("@")) name[0] = 0
  const address = Buffer.alloc(2 + name.length + (path.startsWith("@") ? 0 : 1))
  address.writeUInt16LE(AF_UNIX, 0)
  name.copy(address, 2)
  return address
}

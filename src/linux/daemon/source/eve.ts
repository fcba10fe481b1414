import { chmodSync, rmSync, statSync } from "node:fs"
import { createServer, type Server, type Socket } from "node:net"
import { parseAddress } from "../../../core/base/address.js"
import type { AlertEvent } from "../../../core/event/alert-event.js"
import { inodeOf } from "../../host/files.js"
import { done, fail } from "../../host/outcome.js"
import { followFile } from "./follow.js"
import { splitLines } from "./lines.js"
import type { EventSource } from "./source.js"

/** An alert bears its packet, its payload and what an HTTP body began with, in base64 and as text, if Suricata was told so: some hundred thousand bytes. */
const LONGEST = 1 << 20
/** Milliseconds between two looks whether the socket is still where Suricata looks for it. */
const STAY = 1000

/**
 * Suricata's EVE JSON, its events `alert` and `drop`: a file that is followed, or, with `unix:PATH`, a socket that Suricata connects to (`filetype: unix_stream`).
 */
export function eveSource(place: string): EventSource {
  const socket = place.startsWith("unix:") ? place.slice(5) : undefined
  return {
    name: "eve",
    reads: `Suricata's alerts (${place})`,
    start({ emit, clock, notice }) {
      let events = 0
      let unread = 0
      const take = (line: string) => {
        const read = readEve(line, clock())
        if (read === "unreadable") unread++
        else if (read) {
          events++
          emit(read)
        }
      }
      if (socket === undefined) {
        const followed = followFile(place, take, LONGEST)
        return done({
          get state() {
            return followed.isThere ? "reading" : `waiting for ${place}`
          },
          get events() {
            return events
          },
          get lost() {
            return unread + followed.tooLong
          },
          stop: () => followed.stop(),
        })
      }
      if (isSomethingElse(socket))
        return fail("wrong", "bad-command-line", `${socket} is there already, and is no socket`)
      const connections = new Set<Socket>()
      const serve = (connection: Socket) => {
        const lines = splitLines(take, LONGEST)
        connections.add(connection)
        connection.on("data", (chunk) => {
          const before = lines.tooLong
          lines.push(chunk)
          unread += lines.tooLong - before
        })
        connection.on("error", () => connection.destroy())
        connection.on("close", () => connections.delete(connection))
      }
      let inode: string | undefined
      const listen = (): Server => {
        rmSync(socket, { force: true })
        const server = createServer(serve)
        server.maxConnections = 16
        server.on("error", (error) => notice(`Suricata's alerts cannot be had: ${error.message}`))
        server.listen(socket, () => {
          chmodSync(socket, 0o660)
          inode = inodeOf(socket)
        })
        return server
      }
      let server = listen()
      // Whoever is connected stays so; Suricata that is started anew finds nobody under a name that somebody deleted.
      const timer = setInterval(() => {
        if (inode === undefined || inodeOf(socket) !== undefined) return
        inode = undefined
        server.close()
        server = listen()
        notice(`the socket for Suricata's alerts ${socket} was deleted: it was made again`)
      }, STAY)
      return done({
        get state() {
          return server.listening ? "reading" : "not listening"
        },
        get events() {
          return events
        },
        get lost() {
          return unread
        },
        stop() {
          clearInterval(timer)
          server.close()
          // Suricata stays connected as long as it runs, and would keep the guard from ending.
          for (const connection of connections) connection.destroy()
        },
      })
    },
  }
}

interface EveLine {
  readonly timestamp?: unknown
  readonly event_type?: unknown
  readonly src_ip?: unknown
  readonly dest_ip?: unknown
  readonly src_port?: unknown
  readonly dest_port?: unknown
  readonly proto?: unknown
  readonly alert?: {
    readonly action?: unknown
    readonly signature_id?: unknown
    readonly signature?: unknown
    readonly category?: unknown
    readonly severity?: unknown
    /** Who attacks whom, where the rule says it (keyword `target`): an answer that gives a break-in away is sent by the victim. */
    readonly source?: { readonly ip?: unknown; readonly port?: unknown }
    readonly target?: { readonly ip?: unknown; readonly port?: unknown }
  }
}

const protocols: Readonly<Record<string, number>> = {
  TCP: 6,
  UDP: 17,
  ICMP: 1,
  "IPV6-ICMP": 58,
  SCTP: 132,
}

/** Set before each line for syslog (`prefix: "@cee: "`). */
const CEE = /^@cee: ?/

/** One line of EVE; undefined: another event. A line that is no JSON is unreadable, and told of by its count. */
export function readEve(line: string, now: number): AlertEvent | "unreadable" | undefined {
  let eve: EveLine
  try {
    eve = JSON.parse(line.replace(CEE, "")) as EveLine
  } catch {
    return line.trim() === "" ? undefined : "unreadable"
  }
  if (typeof eve !== "object" || eve === null) return "unreadable"
  const kind = eve.event_type
  if (kind !== "alert" && kind !== "drop") return undefined
  const alert = eve.alert ?? {}
  const isNamed = alert.source?.ip !== undefined && alert.target?.ip !== undefined
  const source = parseAddress(text(isNamed ? alert.source?.ip : eve.src_ip))
  const destination = parseAddress(text(isNamed ? alert.target?.ip : eve.dest_ip))
  if (!source || !destination) return "unreadable"
  const at = Date.parse(text(eve.timestamp).replace(/([+-]\d\d)(\d\d)$/, "$1:$2")) / 1000
  const protocol = text(eve.proto)
  return {
    event: "alert",
    // A clock that is ahead must not carry all detectors with it.
    time: Number.isFinite(at) && Math.abs(now - at) < 300 ? at : now,
    source,
    destination,
    protocol: protocols[protocol.toUpperCase()] ?? number(protocol),
    sourcePort: number(isNamed ? alert.source?.port : eve.src_port),
    destinationPort: number(isNamed ? alert.target?.port : eve.dest_port),
    signature: number(alert.signature_id),
    text: text(alert.signature).slice(0, 200),
    category: text(alert.category).slice(0, 100),
    severity: number(alert.severity) || 3,
    isDropped: kind === "drop" || alert.action === "blocked",
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : ""
}

function number(value: unknown): number {
  const found = Number(value)
  return Number.isInteger(found) && found >= 0 ? found : 0
}

function isSomethingElse(path: string): boolean {
  try {
    return !statSync(path).isSocket()
  } catch {
    return false
  }
}

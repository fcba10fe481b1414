import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { parseAddress } from "../../../core/base/address.js"
import type { LoginEvent } from "../../../core/event/login-event.js"
import { done, fail } from "../../host/outcome.js"
import { findProgram } from "../../host/run.js"
import { followFile } from "./follow.js"
import { splitLines } from "./lines.js"
import type { EventSource } from "./source.js"

/**
 * Logins at sshd, as it logs them: from the journal, or from a file (`/var/log/auth.log`). In the journal the kernel vouches that root's sshd wrote a line (_COMM, _UID); into a
 * file that syslog writes any user of this host can have a line written that looks like sshd's.
 */
export function loginSource(place: "journal" | string): EventSource {
  return {
    name: "logins",
    reads: place === "journal" ? "logins (sshd in the journal)" : `logins (sshd in ${place})`,
    start({ emit, clock, notice }) {
      let events = 0
      const reader = createLoginReader((event) => {
        events++
        emit(event)
      })
      if (place !== "journal") {
        const followed = followFile(place, (line) => {
          const message = messageOf(line)
          if (message !== undefined) reader.take(message, clock())
        })
        return done({
          get state() {
            return followed.isThere ? "reading" : `waiting for ${place}`
          },
          get events() {
            return events
          },
          get lost() {
            return followed.tooLong
          },
          stop: () => followed.stop(),
        })
      }
      const journalctl = findProgram("journalctl")
      if (journalctl === undefined || !existsSync("/run/systemd/journal"))
        return fail(
          "cannot",
          "no-journal",
          "there is no journal here",
          "--logins /var/log/auth.log reads a file",
        )
      const follower = followJournal(journalctl, (message) => reader.take(message, clock()), notice)
      return done({
        get state() {
          return follower.isRunning ? "reading" : "journalctl has ended, and is started again"
        },
        get events() {
          return events
        },
        lost: 0,
        stop: () => follower.stop(),
      })
    },
  }
}

const ARGUMENTS = [
  "--follow",
  "--output=json",
  "--output-fields=MESSAGE",
  "--quiet",
  "_COMM=sshd",
  "_UID=0",
  "+",
  "_COMM=sshd-session",
  "_UID=0",
  "+",
  "_COMM=sshd-auth",
  "_UID=0",
]
const AGAIN_AFTER = 5000
/** Milliseconds that journalctl must have lived for its end to be told of anew. */
const LIVED = 60_000

/**
 * The journal's messages of sshd from now on, as journalctl prints them. It is started again when it ends, behind the last entry that it had printed, so that what is logged meanwhile is heard then. `notice` hears of its
 * end, once where it ends again and again.
 */
export function followJournal(
  program: string,
  each: (message: string) => void,
  notice: (text: string) => void,
  again = AGAIN_AFTER,
) {
  let child: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  let open = true
  let isTold = false
  /** The last entry, as the journal names it; before there is one, when it was first listened to. */
  let place = ["--lines=0"]
  let heard = Date.now()
  const since = () => ["--no-tail", `--since=@${Math.floor(heard / 1000)}`]
  const begin = () => {
    const began = performance.now()
    const isBehind = place.length > 1
    let said = ""
    let isSilent = true
    const lines = splitLines((line) => {
      try {
        const { MESSAGE, __CURSOR } = JSON.parse(line) as Readonly<Record<string, unknown>>
        isSilent = false
        heard = Date.now()
        if (typeof __CURSOR === "string") place = ["--no-tail", `--after-cursor=${__CURSOR}`]
        // Not UTF-8: the journal gives its bytes.
        if (Array.isArray(MESSAGE)) each(Buffer.from(MESSAGE as number[]).toString("utf8"))
        else if (typeof MESSAGE === "string") each(MESSAGE)
      } catch {
        // Half a line of a journal that was rotated away.
      }
    })
    child = spawn(program, [...ARGUMENTS, ...place], { stdio: ["ignore", "pipe", "pipe"] })
    if (!isBehind) place = since()
    child.stdout?.on("data", (chunk: Buffer) => lines.push(chunk))
    child.stderr?.on("data", (chunk: Buffer) => {
      if (said.length < 300) said += chunk.toString()
    })
    child.on("error", (error) => {
      said = error.message
    })
    child.on("close", (status, signal) => {
      child = undefined
      if (!open) return
      if (performance.now() - began > LIVED) isTold = false
      // An entry that no journal has any more, perhaps.
      if (isBehind && isSilent && status !== 0) place = since()
      if (!isTold)
        notice(
          `journalctl has ended (${said.trim().split("\n")[0] || (signal ?? `exit ${status}`)}): failed logins are not seen until it runs again, which is tried every ${again / 1000} s`,
        )
      isTold = true
      timer = setTimeout(begin, again)
    })
  }
  begin()
  return {
    get isRunning() {
      return child !== undefined
    },
    stop() {
      open = false
      clearTimeout(timer)
      child?.kill()
    },
  }
}

/** The traditional line (RFC 3164), its time in any of the forms that syslogs write; busybox puts facility and level behind the host. */
const traditional =
  /^(?:<\d+>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\d[T ]\S+) \S+ (?:[a-z\d]+\.[a-z]+ )?(?:\/\S*\/)?sshd(?:-session|-auth)?(?:\[\d+\])?: (.*)$/
/** RFC 5424: `<38>1 TIME HOST sshd 7 - - …`; its structured data holds nothing that a stranger chose. */
const numbered =
  /^<\d+>1 \d{4}-\d\d-\d\dT\S+ \S+ (?:\/\S*\/)?sshd(?:-session|-auth)? \S+ \S+ (?:-|(?:\[[^[\]]*\])+) (?:\uFEFF)?(.*)$/
const names: ReadonlySet<unknown> = new Set(["sshd", "sshd-session", "sshd-auth"])

/**
 * sshd's message in a line of a log file, as syslogs write it, or as `journalctl --output=json` does. Only the program that the line begins with counts: what others log may hold words that a
 * stranger chose, a user's name at an FTP server say.
 */
export function messageOf(line: string): string | undefined {
  if (line.startsWith("{")) return messageOfEntry(line)
  return (line.match(traditional) ?? line.match(numbered))?.[1]
}

function messageOfEntry(line: string): string | undefined {
  try {
    const { MESSAGE, _COMM, _UID } = JSON.parse(line) as Readonly<Record<string, unknown>>
    return typeof MESSAGE === "string" && names.has(_COMM) && _UID === "0" ? MESSAGE : undefined
  } catch {
    return undefined
  }
}

/**
 * What sshd says of a login (OpenSSH 7 to 10: auth.c, auth2.c, packet.c). A user's name is the client's to choose, blanks and ` from ` included, so the address is what stands last.
 * `once`: told when a connection ends without a password that failed, once for each connection.
 */
const phrases: readonly {
  readonly pattern: RegExp
  readonly outcome: LoginEvent["outcome"]
  readonly once?: true
}[] = [
  {
    pattern:
      /^Failed (?:password|keyboard-interactive\S*|hostbased|gssapi\S*) for (?:invalid user )?(.*) from (\S+) port (\d+)(?: ssh2)?(?: \[preauth\])?$/,
    outcome: "failed",
  },
  { pattern: /^Accepted \S+ for (.*) from (\S+) port (\d+)(?: ssh2(?:: \S.*)?)?$/, outcome: "accepted" },
  { pattern: /^[Ii]nvalid user (.*) from (\S+) port (\d+)(?: \[preauth\])?$/, outcome: "failed", once: true },
  {
    pattern:
      /^(?:Connection (?:closed|reset) by|Disconnected from) (?:authenticating|invalid) user (.*) (\S+) port (\d+) \[preauth\]$/,
    outcome: "failed",
    once: true,
  },
  {
    pattern:
      /^(?:error: )?maximum authentication attempts exceeded for (?:invalid user )?(.*) from (\S+) port (\d+) ssh2 \[preauth\]$/,
    outcome: "failed",
    once: true,
  },
]

const CONNECTIONS_MAXIMUM = 1024
/**
 * sshd cuts its messages at 1,023 bytes (MSGBUFSIZ of log.c), and some syslogs a little before: a user's name of the right length has what stands behind it cut off, so that an address within the name stands
 * last. Longer messages are not believed.
 */
const LENGTH_MAXIMUM = 900

export interface LoginReader {
  take(message: string, time: number): void
}

/** rsyslog has one line stand for many that are the same (RepeatedMsgReduction, Ubuntu's default). */
const repeated = /^message repeated (\d+) times: \[ (.*)\]$/
const REPEATED_MAXIMUM = 100

export function createLoginReader(emit: (event: LoginEvent) => void): LoginReader {
  /** Connections that have been told of, and whether that was of a name that nobody has, before its password was tried. */
  const told = new Map<string, boolean>()
  return {
    take(message, time) {
      const [, times, same] = repeated.exec(message) ?? []
      if (same !== undefined) {
        for (let count = Math.min(Number(times), REPEATED_MAXIMUM); count > 0; count--) this.take(same, time)
        return
      }
      if (Buffer.byteLength(message) > LENGTH_MAXIMUM) return
      for (const { pattern, outcome, once } of phrases) {
        const found = pattern.exec(message)
        if (!found) continue
        const [, user = "", host = "", port = ""] = found
        const source = parseAddress(host.replace(/%.*$/, ""))
        if (!source) return
        const connection = `${host} ${port}`
        if (once && told.has(connection)) return
        const wasName = told.get(connection) ?? false
        told.delete(connection)
        told.set(connection, once === true)
        if (told.size > CONNECTIONS_MAXIMUM) told.delete(told.keys().next().value!)
        // The name was told, and this is its password.
        if (wasName && outcome === "failed") return
        emit({
          event: "login",
          time,
          service: "sshd",
          source: unmapped(source),
          sourcePort: Number(port),
          user: user.slice(0, 64),
          outcome,
          line: message.slice(0, 300),
        })
        return
      }
    },
  }
}

/** A socket of both families tells of IPv4 callers as ::ffff:192.0.2.1. */
function unmapped(address: LoginEvent["source"]): LoginEvent["source"] {
  const [a, b, c, d] = address.words
  return address.family === 6 && a === 0 && b === 0 && c === 0xffff ? { family: 4, words: [d!] } : address
}

import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { createConnection, createServer, type Server, type Socket } from "node:net"
import { dirname, join } from "node:path"
import { inodeOf } from "../host/files.js"
import { type Lock, takeLock } from "../host/lock.js"
import { done, fail, failed, type Outcome } from "../host/outcome.js"
import { ownNamespace } from "../host/state.js"
import type { Reply, Request } from "./protocol.js"
import { splitLines } from "./source/lines.js"

/** Who asked: answers go there; a `follow` ends when it hangs up. */
export interface Client {
  /** All of it at once, however long. A client that has not read what it was told before is let go. */
  reply(...replies: readonly Reply[]): void
  /** Called when the client is gone. */
  onGone(then: () => void): void
  end(): void
}

export interface GuardServer {
  readonly path: string
  /** Now and then: whether the socket is still where commands look for it. */
  stay(): void
  close(): void
}

/** Members of this group may ask, where it exists; without it only root. */
export const GROUP = "floodwall"

const CLIENTS_MAXIMUM = 64
/** A request is some hundred bytes; a list of hosts to block may be long. */
export const REQUEST_MAXIMUM = 1 << 20
/** What may wait for a client that does not read, when it is told more: some thousand events. Then the client is let go. */
const BACKLOG_MAXIMUM = 1 << 20
/** An answer is as long as the ledger is (30 MB for a hundred thousand blocks); what waits for all clients together is no more than this, one answer excepted. */
const WAITING_MAXIMUM = 32 << 20
const LONG = 1 << 16
/** Milliseconds to say what is asked, and in which something of the answer must be read. */
const PATIENCE = 10_000
const READ_PATIENCE = 30_000

/** Where the guard listens: FLOODWALL_SOCKET, or /run/floodwall/guard.sock; a network namespace of its own has a guard of its own, in a folder below. */
export function socketPath(environment: Readonly<Record<string, string | undefined>>): string {
  return environment["FLOODWALL_SOCKET"] || join("/run/floodwall", ownNamespace(), "guard.sock")
}

/**
 * Listens on a unix socket that root and the group `floodwall` may connect to (0660); everybody else is kept out by the file system. Only one guard listens: a socket that
 * somebody answers on is left alone, and one that nobody answers on is what a killed guard left. `notice` hears of a socket that somebody deleted.
 */
export async function openServer(
  path: string,
  onRequest: (request: Request, client: Client) => void,
  notice: (text: string) => void = () => {},
): Promise<Outcome<GuardServer>> {
  const clients = new Set<Socket>()
  const first = await listen(path, clients, onRequest)
  if (failed(first)) return first
  let server = first.value
  let inode = inodeOf(path)
  let trouble: string | undefined
  let isBusy = false
  let isOpen = true

  const again = async () => {
    const alone = await needAlone(path)
    // The one before goes first: when it is closed, what lies under its name is deleted.
    if (!failed(alone)) server.close()
    const opened = failed(alone) ? alone : await listen(path, clients, onRequest)
    isBusy = false
    if (failed(opened)) {
      const why = opened.failure.diagnostics[0]?.message ?? ""
      if (why !== trouble)
        notice(`the guard's socket was deleted, and cannot be made again (${why}): commands do not reach it`)
      trouble = why
      return
    }
    trouble = undefined
    server = opened.value
    inode = inodeOf(path)
    if (!isOpen) end()
    else notice(`the guard's socket ${path} was deleted: it was made again`)
  }
  const end = () => {
    server.close()
    for (const socket of clients) socket.destroy()
    if (inodeOf(path) === inode) rmSync(path, { force: true })
  }
  return done({
    path,
    stay() {
      if (isBusy || inodeOf(path) === inode) return
      isBusy = true
      void again()
    },
    close() {
      isOpen = false
      end()
    },
  })
}

async function listen(
  path: string,
  clients: Set<Socket>,
  onRequest: (request: Request, client: Client) => void,
): Promise<Outcome<Server>> {
  const alone = await needAlone(path)
  if (failed(alone)) return alone
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    if (isThere(path)) rmSync(path)
  } catch (error) {
    return fail("cannot", "no-guard-socket", `${path} cannot be made: ${(error as Error).message}`)
  }
  const server = createServer((socket) => {
    clients.add(socket)
    socket.on("close", () => clients.delete(socket))
    socket.on("error", () => socket.destroy())
    serve(socket, onRequest, () => {
      let all = 0
      for (const { writableLength } of clients) all += writableLength
      return all
    })
  })
  server.maxConnections = CLIENTS_MAXIMUM
  return new Promise((resolve) => {
    server.on("error", (error) =>
      resolve(
        fail(
          "cannot",
          "no-guard-socket",
          `${path}: ${error.message}`,
          "FLOODWALL_SOCKET names another place",
        ),
      ),
    )
    // Nobody may connect before the mode is what it should be.
    const mask = process.umask(0o177)
    server.listen(path, () => {
      process.umask(mask)
      const group = groupNumber(GROUP)
      try {
        if (group !== undefined) chownSync(path, 0, group)
        chmodSync(path, 0o660)
      } catch {
        // A user who is root of its own namespace only: the socket is its own.
      }
      resolve(done(server))
    })
  })
}

/** Fails where a guard listens there already. */
async function needAlone(path: string): Promise<Outcome<void>> {
  if (!(await answers(path))) return done(undefined)
  return fail(
    "no",
    "guard-running",
    `a guard is running already, and listens on ${path}`,
    "floodwall stop ends it",
  )
}

/**
 * Keeps every other guard of this socket out until it is released, or this process ends: of two that start in the same moment neither finds the other listening, and each would take the other's socket away. Where no
 * lock can be had at all (a folder that cannot be made), listening says so.
 */
export async function claimGuard(path: string): Promise<Outcome<Lock>> {
  const alone = await needAlone(path)
  if (failed(alone)) return alone
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  } catch {
    return done(noLock)
  }
  const lock = takeLock(`${path}.lock`)
  if (!failed(lock)) return lock
  const [why] = lock.failure.diagnostics
  if (why?.id !== "already-running") return done(noLock)
  const holder = /\(process \d+\)/.exec(why.message)?.[0]
  return fail(
    "no",
    "guard-running",
    `another guard is starting${holder === undefined ? "" : ` ${holder}`}, and will listen on ${path}`,
    "floodwall stop ends it",
  )
}

const noLock: Lock = { release() {} }

/** One request a connection. */
function serve(
  socket: Socket,
  onRequest: (request: Request, client: Client) => void,
  waiting: () => number,
): void {
  let isAsked = false
  const timer = setTimeout(() => {
    if (!isAsked) socket.destroy()
  }, PATIENCE)
  const client: Client = {
    reply(...replies) {
      if (socket.destroyed) return
      if (socket.writableLength > BACKLOG_MAXIMUM) {
        socket.destroy()
        return
      }
      const text = linesOf(replies)
      const others = text.length > LONG ? waiting() : 0
      socket.write(others > 0 && others + text.length > WAITING_MAXIMUM ? linesOf([tooMuchWaits]) : text)
    },
    onGone: (then) => {
      socket.on("close", then)
    },
    end: () => {
      socket.end()
      socket.setTimeout(READ_PATIENCE, () => socket.destroy())
    },
  }
  const refuse = (message: string) => {
    isAsked = true
    client.reply({ error: { kind: "wrong", id: "bad-request", message } })
    client.end()
  }
  let length = 0
  const lines = splitLines((line) => {
    if (isAsked) return
    let request: unknown
    try {
      request = JSON.parse(line)
    } catch {
      return refuse("the request is no JSON")
    }
    if (typeof request !== "object" || request === null || typeof (request as Request).request !== "string")
      return refuse("the request does not say what is asked")
    isAsked = true
    try {
      onRequest(request as Request, client)
    } catch (error) {
      // Of the right kind, and not of the right shape: a client that is not ours.
      refuse(`the request is not understood: ${(error as Error).message}`)
    }
  }, REQUEST_MAXIMUM)
  socket.on("data", (chunk) => {
    if (isAsked) return
    length += chunk.length
    if (length > REQUEST_MAXIMUM) refuse("the request is longer than a million bytes")
    else lines.push(chunk)
  })
  socket.on("close", () => clearTimeout(timer))
}

const tooMuchWaits: Reply = {
  error: {
    kind: "no",
    id: "guard-refuses",
    message: "the guard's answers wait for others who do not read them",
    hint: "end those, or ask again in half a minute",
  },
}

function linesOf(replies: readonly Reply[]): string {
  return replies.map((reply) => `${JSON.stringify(reply)}\n`).join("")
}

/** Whether somebody listens there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.on("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.on("error", () => resolve(false))
  })
}

function isThere(path: string): boolean {
  try {
    if (statSync(path).isSocket()) return true
  } catch {
    return false
  }
  throw new Error("something that is no socket is there")
}

function groupNumber(name: string): number | undefined {
  try {
    const line = readFileSync("/etc/group", "utf8")
      .split("\n")
      .find((entry) => entry.startsWith(`${name}:`))
    return line === undefined ? undefined : Number(line.split(":")[2])
  } catch {
    return undefined
  }
}

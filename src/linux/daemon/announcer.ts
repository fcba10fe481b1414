import { spawn } from "node:child_process"
import type { GuardLog } from "./log.js"
import { takeNoPrecedence } from "./precedence.js"

/** What is told to the hook and the webhook: the findings and blocks of a minute. */
export interface Announcement {
  readonly host: string
  readonly from: string
  readonly until: string
  readonly total: number
  /** The first of them, at most `LINES_MAXIMUM`. */
  readonly events: readonly AnnouncedEvent[]
}

export interface AnnouncedEvent {
  readonly time: string
  readonly kind: string
  readonly source?: string
  readonly text: string
  readonly action?: string
}

export interface Announcer {
  add(event: AnnouncedEvent): void
  /** Tells what is left. */
  stop(): Promise<void>
}

export interface AnnouncerSettings {
  readonly hook?: string
  readonly webhook?: string
  readonly host: string
  readonly clock: () => number
  /** Milliseconds between two messages, at least. */
  readonly interval?: number
  /** Milliseconds that a receiver may take. */
  readonly patience?: number
}

const MINUTE = 60_000
const LINES_MAXIMUM = 50
const PATIENCE = 30_000

/**
 * Tells somebody else of what was found: a command, which gets the message as JSON on its standard input, and a URL, which gets it by POST. The first finding is told at once, and
 * what follows within a minute comes in one message: an attack of a thousand sources is one e-mail a minute, and not a thousand.
 */
export function createAnnouncer(settings: AnnouncerSettings, log: GuardLog): Announcer {
  const { hook, webhook, host, clock, interval = MINUTE, patience = PATIENCE } = settings
  if (hook === undefined && webhook === undefined) return { add() {}, stop: () => Promise.resolve() }
  let events: AnnouncedEvent[] = []
  let total = 0
  let last = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let telling: Promise<void> = Promise.resolve()

  const send = () => {
    timer = undefined
    if (total === 0) return
    const now = clock()
    last = performance.now()
    const message: Announcement = {
      host,
      from: events[0]!.time,
      until: new Date(now).toISOString(),
      total,
      events,
    }
    events = []
    total = 0
    const text = JSON.stringify(message)
    telling = Promise.all([
      hook === undefined ? undefined : runHook(hook, text, patience, log),
      webhook === undefined ? undefined : post(webhook, text, patience, log),
    ]).then(() => undefined)
  }

  return {
    add(event) {
      total++
      if (events.length < LINES_MAXIMUM) events.push(event)
      // A moment later, so that what comes together is told together.
      timer ??= setTimeout(send, Math.max(Math.min(1000, interval), last + interval - performance.now()))
    },
    async stop() {
      clearTimeout(timer)
      send()
      await telling
    },
  }
}

/** Waits for a line before it begins, which comes when its priority is what it shall be: from then on all that it starts has it, too. */
const WHEN_TOLD = 'read -r _; hook=$1; shift; eval "$hook"'

/** The message is on its standard input alone: nothing that a stranger sent becomes a word of the command. */
function runHook(command: string, text: string, patience: number, log: GuardLog): Promise<void> {
  return new Promise((done) => {
    const child = spawn("/bin/sh", ["-c", WHEN_TOLD, "hook", command], {
      stdio: ["pipe", "ignore", "pipe"],
      detached: true,
    })
    let error = ""
    let isLate = false
    // With all that it has started: a child of the shell would hold its output open.
    const timer = setTimeout(() => {
      isLate = true
      endGroup(child.pid)
      child.stderr.destroy()
    }, patience)
    child.stderr.on("data", (chunk: Buffer) => {
      if (error.length < 1000) error += chunk.toString()
    })
    child.stdin.on("error", () => {})
    child.on("error", (fault) => {
      clearTimeout(timer)
      log.warn(`the hook could not be started: ${fault.message}`)
      done()
    })
    child.on("close", (status) => {
      clearTimeout(timer)
      if (isLate) log.warn(`the hook took longer than ${patience / 1000} s, and was ended`)
      else if (status !== 0) log.warn(`the hook failed (exit ${status}): ${error.trim().slice(0, 300)}`)
      done()
    })
    takeNoPrecedence(child.pid)
    child.stdin.end(`\n${text}`)
  })
}

function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, "SIGKILL")
  } catch {
    // It has just ended.
  }
}

async function post(url: string, text: string, patience: number, log: GuardLog): Promise<void> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: text,
      signal: AbortSignal.timeout(patience),
    })
    if (!answer.ok) log.warn(`the webhook answers ${answer.status}`)
    await answer.body?.cancel()
  } catch (error) {
    log.warn(`the webhook cannot be reached: ${(error as Error).message}`)
  }
}

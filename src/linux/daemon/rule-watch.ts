import { existsSync } from "node:fs"
import { resolve } from "node:path"
import type { Readiness } from "../host/netlink/readiness.js"
import { openTableWatch, type TableChange } from "../host/netlink/table-watch.js"
import { done, failed, type Outcome } from "../host/outcome.js"
import { readOwnBypass, rememberOwnBypass, restoreOwnBypass } from "../host/own-bypass.js"
import { readTrial, rewriteConfirmed, type Saved, type State } from "../host/state.js"
import type { Followed } from "./protocol.js"
import {
  areInForce,
  describeChange,
  type GuardedRules,
  type Restored,
  restoreRules,
  sentencesOf,
} from "./rules.js"

export interface RuleWatchParts<Guarded extends GuardedRules> {
  readonly state: State
  readonly table: string
  /** Netlink ports of this process, whose changes are its own. */
  readonly ownPorts: readonly number[]
  readonly readiness: Readiness
  /** The policy that the guard was started with. */
  readonly own: string
  /** Our table was there before the guard. */
  readonly hadTable: boolean
  current(): Guarded
  /** Reads and compiles the policy at a path; undefined: it has mistakes, or cannot be read, which was reported. */
  load(path: string): Guarded | undefined
  /** Works by this policy from now on; how many sources were let out by it. */
  take(policy: Guarded): number
  /** Makes ledger and kernel agree. */
  agree(): void
  /** The state folder had gone, and is there again. */
  folderAgain(): void
  /** What somebody should look at; `tell`: what only should be known. */
  notice(text: string): void
  tell(text: string): void
}

/** The rules in the kernel and what the folder remembers of them, kept as they were confirmed, whatever others do. */
export interface RuleWatch {
  /** How often rules were put back. */
  readonly putBack: number
  /** Rules of the policy at this path were put in force by a command. */
  follow(path: string): Followed
  /** Each second: whether the folder is still there. */
  tick(): void
  close(): void
}

/** Milliseconds. A change of the rules is looked at when it is over: a flush and a load by the same hand are one. */
const SETTLE = 200
const BUSY_AGAIN = 1000
/** A trial or a pause that the kernel ends is looked at a moment later. */
const OVER = 500
/** What was let out so long ago is told to the command whose apply it was. */
const TOLD_WITHIN = 15_000

export function watchRules<Guarded extends GuardedRules>(parts: RuleWatchParts<Guarded>): RuleWatch {
  const { state, notice, tell } = parts
  let putBack = 0
  let timer: NodeJS.Timeout | undefined
  let endTimer: NodeJS.Timeout | undefined
  let pending: TableChange[] = []
  /** What the last look found. */
  let before: Restored["what"] = "nothing"
  /** Digest of rules whose policy cannot be read as it was applied. */
  let unreadable: string | undefined
  let followed = { at: Number.NEGATIVE_INFINITY, letOut: 0 }
  let isFolderTrouble = false
  /** The administrator's own rules have gone, and were not put back yet. */
  let isBypassLost = !parts.hadTable
  let told = { since: Number.NEGATIVE_INFINITY, count: 0 }
  let manyTimer: NodeJS.Timeout | undefined
  /** Why nothing could be put back. */
  let trouble: string | undefined

  const lookIn = (milliseconds: number) => {
    timer ??= setTimeout(look, milliseconds)
  }
  const watch = watchTable()
  keepBypass()
  lookAtFolder()
  // Whoever was faster than this watch.
  lookIn(SETTLE)

  return {
    get putBack() {
      return putBack
    },
    follow(path) {
      const since = performance.now() - TOLD_WITHIN
      const earlier = followed.at > since ? followed.letOut : 0
      const why = tryFollow(path)
      const letOut = why === undefined ? earlier + followed.letOut : 0
      followed = { at: Number.NEGATIVE_INFINITY, letOut: 0 }
      const policy = resolve(parts.current().path)
      return { policy, own: parts.own, letOut, ...(why !== undefined && { trouble: why }) }
    },
    tick: lookAtFolder,
    close() {
      clearTimeout(timer)
      clearTimeout(endTimer)
      clearTimeout(manyTimer)
      watch?.close()
    },
  }

  function look(): void {
    timer = undefined
    clearTimeout(endTimer)
    watch?.read()
    const changes = pending
    pending = []
    const restored = restoreRules(parts.current(), state)
    if (failed(restored)) {
      const why = sentencesOf(restored.failure.diagnostics).join("; ")
      if (why !== trouble) notice(`the rules could not be put back: ${why}; it is tried again every second`)
      trouble = why
      pending = changes
      lookIn(BUSY_AGAIN)
      return
    }
    if (restored.value.what === "busy") {
      pending = changes
      lookIn(BUSY_AGAIN)
      return
    }
    trouble = undefined
    // What came meanwhile is looked at once more; who took the table away while it was looked for is among it.
    watch?.read()
    if (pending.length > 0) lookIn(SETTLE)
    const change = [...changes, ...pending].find(({ hasTableGone }) => hasTableGone) ?? changes[0]
    handle(restored.value, changes, change)
    before = restored.value.what
  }

  function handle(found: Restored, changes: readonly TableChange[], change: TableChange | undefined): void {
    if (found.what === "removed") {
      if (before !== "removed")
        notice(
          "the rules were removed with floodwall remove: nothing is protected before an apply or a reload",
        )
      return
    }
    if (found.what === "put-back") {
      putBack++
      tellPutBack(change)
    } else if (found.what === "trial") {
      if (before !== "trial")
        tell(
          `rules are on trial${trialPolicy()}: the guard works by the policy from before until floodwall confirm`,
        )
      lookAtEnd(found.seconds)
    } else if (found.what === "paused") {
      if (before !== "paused")
        notice(`paused for ${Math.ceil(found.seconds)} s: nothing is protected meanwhile`)
      lookAtEnd(found.seconds)
    } else if (before === "paused") tell("the pause is over: the rules judge again")
    // While one flush is made good, the next may come behind the look at the kernel: whatever was put back, an empty chain is no word of the administrator's.
    if (found.what === "put-back" || changes.some(({ hasTableGone }) => hasTableGone)) isBypassLost = true
    keepBypass()
    if (found.what === "other") followOther(found.saved)
    parts.agree()
  }

  /** Somebody applied, or confirmed, another policy by hand. */
  function followOther(saved: Saved): void {
    if (unreadable === saved.digest) return
    const why = tryFollow(saved.policy)
    if (why === undefined) return
    unreadable = saved.digest
    notice(why)
  }

  /** Why the guard goes on with the policy from before. */
  function tryFollow(path: string): string | undefined {
    const go = (why: string) =>
      `the rules in force are those of ${path}, but ${why}: detectors, and who is blocked for what, stay as ${resolve(parts.current().path)} has them`
    const loaded = parts.load(path)
    if (loaded === undefined) return go("it cannot be read as a policy now")
    const isIt = areInForce(loaded, state)
    if (failed(isIt)) return go(sentencesOf(isIt.failure.diagnostics).join("; "))
    if (!isIt.value) return go("it says something else now than when it was applied")
    const isNew = resolve(parts.current().path) !== resolve(loaded.path)
    const letOut = parts.take(loaded)
    followed = { at: performance.now(), letOut }
    unreadable = undefined
    tell(
      `${resolve(loaded.path)} was put in force by hand: the guard works by it${isNew ? `, until it is reloaded or started again, which is by ${parts.own}` : ""}`,
    )
    return undefined
  }

  function trialPolicy(): string {
    const policy = readTrial(state)?.policy
    return policy === undefined ? "" : ` (${policy})`
  }

  function lookAtEnd(seconds: number): void {
    endTimer = setTimeout(() => lookIn(0), seconds * 1000 + OVER)
  }

  /** A folder that somebody deleted, or a disk that had no room for what runs. */
  function lookAtFolder(): void {
    const { folder } = state
    const written = rewriteConfirmed(state)
    if (failed(written)) {
      if (!isFolderTrouble)
        notice(
          `${sentencesOf(written.failure.diagnostics).join("; ")}: the rules in force are known to this process alone, and a reboot would not load them; it is tried again every second${mountIsGone(state.folder) ? " (systemctl restart floodwall-guard makes the folder again)" : ""}`,
        )
      isFolderTrouble = true
      return
    }
    isFolderTrouble = false
    if (written.value === "nothing") return
    if (written.value === "made-again")
      notice(`what ${folder} remembers of the rules was deleted: it was written again`)
    else notice(`the rules in force are remembered in ${folder} again`)
    keepBypass()
    parts.folderAgain()
  }

  function watchTable(): { read(): void; close(): void } | undefined {
    const opened = openTableWatch(parts.table, parts.ownPorts)
    if (failed(opened)) {
      notice(
        `changes of the rules by others go unseen: ${sentencesOf(opened.failure.diagnostics).join("; ")}`,
      )
      return undefined
    }
    const table = opened.value
    const { readiness } = parts
    const read = () => {
      table.read((change) => {
        // Rules of this process are put there by programs that it starts and waits for: when they are told of, they stand.
        if (pending.length < PENDING_MAXIMUM || change.hasTableGone) pending.push(change)
      })
    }
    readiness.watch(table.fd, () => {
      read()
      const isLost = table.takeOverrun()
      if (pending.length > 0 || isLost) lookIn(SETTLE)
    })
    return {
      read,
      close() {
        readiness.unwatch(table.fd)
        table.close()
      },
    }
  }

  /** The administrator's rules in the chain `bypass`: remembered at each change, put back where the table had gone with them. */
  function keepBypass(): void {
    const restored: Outcome<number> = isBypassLost ? restoreOwnBypass(state) : done(0)
    const kept = failed(restored) ? restored : rememberOwnBypass(state)
    if (failed(kept)) {
      // A table that has just been flushed again is looked at in a moment.
      if (!failed(readOwnBypass()))
        notice(`the chain bypass was not kept: ${sentencesOf(kept.failure.diagnostics).join("; ")}`)
      return
    }
    isBypassLost = false
    if (!failed(restored) && restored.value > 0)
      notice(`rules of the chain bypass were put back: ${restored.value}`)
  }

  /** Who flushes every second is told of three times, and then once a minute. */
  function tellPutBack(change: TableChange | undefined): void {
    const now = performance.now()
    if (now - told.since > TOGETHER) told = { since: now, count: 0 }
    told.count++
    const what = change ? describeChange(change) : "the rules were changed"
    if (told.count <= SINGLE) notice(`${what}: they were put back`)
    else
      manyTimer ??= setTimeout(
        () => {
          manyTimer = undefined
          const more = told.count - SINGLE
          told = { since: performance.now(), count: SINGLE }
          notice(`${what}, and so on: they were put back ${more} more times within a minute`)
        },
        Math.max(0, told.since + TOGETHER - now),
      )
  }
}

/** Milliseconds in which many changes are one, and how many are told singly first. */
const TOGETHER = 60_000
const SINGLE = 3

/** In the service all but the folder is read-only: once that is deleted, only systemd can make it again. */
function mountIsGone(folder: string): boolean {
  return process.env["INVOCATION_ID"] !== undefined && !existsSync(folder)
}

/** Changes that are remembered until they are looked at. */
const PENDING_MAXIMUM = 256

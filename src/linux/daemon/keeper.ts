import type { Address } from "../../core/base/address.js"
import { ledgerSettings } from "../../core/block/settings.js"
import type { Detection } from "../../core/detect/detection.js"
import type { Finding } from "../../core/event/finding.js"
import { Flow, setEnds } from "../../core/event/flow.js"
import type { HostFacts, Policy } from "../../core/policy/policy.js"
import { done, failed, type Outcome } from "../host/outcome.js"
import type { ListedBy } from "./adoption.js"
import type { Alive } from "./alive.js"
import type { Announcer } from "./announcer.js"
import { answerRequest } from "./answer-request.js"
import { Book } from "./book.js"
import type { CalledHosts } from "./called-hosts.js"
import { readClock } from "./clock.js"
import type { KernelBlocks } from "./kernel-blocks.js"
import { createLastingStore } from "./lasting-store.js"
import type { GuardLog } from "./log.js"
import type { Metric } from "./metrics.js"
import { neverBlockedBy } from "./never-blocked.js"
import { isNotified } from "./notified.js"
import type { EventFilter, EventLine, Followed, GuardStatus, Request } from "./protocol.js"
import type { Client } from "./server.js"
import { openStore } from "./store.js"
import type { LedgerAhead } from "./store-ahead.js"

export interface KeeperParts {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly log: GuardLog
  notice(text: string): void
  readonly announcer: Announcer
  readonly kernel: KernelBlocks
  readonly alive: Alive
  readonly calledHosts: CalledHosts
  readonly listedBy: ListedBy
  policy(): Policy
  facts(): HostFacts
  status(): Omit<GuardStatus, "blocked" | "wouldBeBlocked">
  readonly stateFolder: string
  /** What was read of the ledger a moment ago, for as long as it is opened: some megabytes. */
  ahead(): LedgerAhead | undefined
  reload(): void
  /** Works by the policy at this path, if it is the one that is in force. */
  follow(path: string): Followed
  stop(remove: boolean): void
}

/** Findings in, blocks out: the guard's end of the book of blocks, and what commands ask of it. */
export interface Keeper {
  finding(finding: Finding, detection: Detection): void
  answer(request: Request, client: Client): void
  /** Something that happened to the guard or the rules themselves. */
  note(text: string): void
  /** Makes ledger and kernel agree: at start, now and then, and after somebody else changed the table. */
  agree(): void
  /** The policy was read anew. How many were let out, for what they were blocked for only notifies now. */
  reloaded(): number
  /** Each second. */
  tick(): void
  metrics(): readonly Metric[]
  close(): void
}

/** Seconds between two looks at what rules have listed by themselves. */
const ADOPT_EVERY = 10
/** Whoever changes the sets is told of by the kernel; seconds between two looks for whatever was missed. */
const AGREE_EVERY = 600
const FOLLOWERS_MAXIMUM = 32

export function openKeeper(parts: KeeperParts): Outcome<Keeper> {
  const { log, kernel, announcer, environment, alive } = parts
  const open = (ahead?: LedgerAhead) =>
    openStore(parts.stateFolder, new Date().toISOString().replaceAll(":", ""), ahead)
  const opened = open(parts.ahead())
  // Somebody else has it; a disk that is full or broken keeps nobody from being guarded.
  if (failed(opened) && opened.failure.kind !== "cannot") return opened
  const { store: first, setAside } = failed(opened) ? {} : opened.value
  const followers = new Set<(line: EventLine) => void>()
  const flow = new Flow()
  let ticks = 0
  let blocksMade = 0

  const book = new Book({
    store: createLastingStore(parts.stateFolder, first, open, parts.notice),
    kernel,
    clock: readClock,
    settings: ledgerSettings(parts.policy()),
    listedBy: parts.listedBy,
    neverBlocked: neverBlockedBy(
      parts.policy,
      parts.facts,
      environment,
      () => performance.now(),
      ({ address, length }) => length < 32 || address.family === 6 || alive.has(address),
    ),
    notice: parts.notice,
    told(line) {
      if (line.kind === "block") blocksMade++
      if (line.kind !== "notice")
        log.info({ event: line }, `${line.kind}: ${line.source ? `${line.source} ` : ""}${line.text}`)
      announcer.add({
        time: line.time,
        kind: line.kind,
        text: line.text,
        ...(line.source !== undefined && { source: line.source }),
        ...(line.action !== undefined && { action: line.action }),
      })
      for (const follower of followers) follower(line)
    },
  })
  if (failed(opened))
    parts.notice(
      `${opened.failure.diagnostics[0]?.message}: blocks go on in the kernel, and opening it is tried again`,
    )
  if (setAside)
    parts.notice(
      `the ledger was broken (${setAside.why}): it lies in ${setAside.path}, and what the kernel holds was taken over`,
    )

  const follow = (filter: EventFilter, client: Client) => {
    if (followers.size >= FOLLOWERS_MAXIMUM) {
      client.reply({
        error: { kind: "no", id: "guard-refuses", message: "too many follow the events already" },
      })
      client.end()
      return
    }
    const earlier = [...book.events({ ...filter, last: filter.last ?? 10 })].reverse()
    if (earlier.length > 0) client.reply(...earlier.map((event) => ({ event })))
    const follower = (line: EventLine) => {
      if (isWanted(line, filter)) client.reply({ event: line })
    }
    followers.add(follower)
    client.onGone(() => followers.delete(follower))
  }

  return done({
    finding(finding, detection) {
      const called = (address: Address) => {
        setEnds(flow, address, address)
        flow.time = finding.at
        return detection.standingOf(flow).called
          ? finding.at
          : parts.calledHosts.calledAt(address, finding.at)
      }
      book.finding(finding, {
        hasConnection: alive.has,
        calledAt: called,
        provedOnly: parts.policy().forgedSources === "prove",
      })
    },
    answer(request, client) {
      switch (request.request) {
        case "stop":
          client.reply({ answer: { stopping: true } })
          client.end()
          parts.stop(request.remove === true)
          return
        case "reload":
          parts.reload()
          client.reply({ answer: { reloaded: true } })
          break
        case "follow":
          client.reply({ answer: { followed: parts.follow(request.policy) } })
          break
        case "status":
          client.reply({
            answer: {
              status: { ...parts.status(), blocked: book.size, wouldBeBlocked: book.wouldBeBlocked },
            },
          })
          break
        case "events":
          if (request.follow) return follow(request.filter ?? {}, client)
          client.reply(answerRequest(request, book))
          break
        default:
          client.reply(answerRequest(request, book))
      }
      client.end()
    },
    note: (text) => book.note(text),
    agree: () => book.agree(),
    reloaded() {
      book.settings = ledgerSettings(parts.policy())
      const count = book.clearNotified(isNotified(parts.policy()))
      if (count > 0) log.info(`${count} sources were let out: what they were blocked for only notifies now`)
      book.agree()
      return count
    },
    tick() {
      book.tick()
      ticks++
      if (ticks % AGREE_EVERY === 0) book.agree()
      else if (ticks % ADOPT_EVERY === 0) book.adopt()
    },
    metrics: () => [
      {
        name: "floodwall_blocked_sources",
        kind: "gauge",
        help: "Sources that are kept out now.",
        values: [{ value: book.size }],
      },
      {
        name: "floodwall_blocks_total",
        kind: "counter",
        help: "Blocks since the guard began.",
        values: [{ value: blocksMade }],
      },
      {
        name: "floodwall_ledger_on_disk",
        kind: "gauge",
        help: "1: the ledger is on the disk; 0: it could not be written.",
        values: [{ value: book.isOnDisk ? 1 : 0 }],
      },
    ],
    close: () => book.close(),
  })
}

function isWanted({ kind, source }: EventLine, filter: EventFilter): boolean {
  if (filter.kinds && !filter.kinds.includes(kind)) return false
  return filter.source === undefined || source === filter.source || source?.split("/")[0] === filter.source
}

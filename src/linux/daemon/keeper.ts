import { printAddress } from "../../core/base/address.js"
import { ledgerDefaults } from "../../core/block/ledger.js"
import type { Detection } from "../../core/detect/detection.js"
import type { Finding } from "../../core/event/finding.js"
import { Flow, setEnds } from "../../core/event/flow.js"
import type { HostFacts, Policy } from "../../core/policy/policy.js"
import { done, failed, type Outcome } from "../host/outcome.js"
import type { Announcer } from "./announcer.js"
import { answerRequest } from "./answer-request.js"
import { Book } from "./book.js"
import { readClock } from "./clock.js"
import type { KernelBlocks } from "./kernel-blocks.js"
import type { GuardLog } from "./log.js"
import type { Metric } from "./metrics.js"
import { hasLiveConnection, neverBlockedBy } from "./never-blocked.js"
import { isNotified } from "./notified.js"
import type { EventLine, GuardStatus, Request } from "./protocol.js"
import type { Client } from "./server.js"
import { openStore } from "./store.js"

export interface KeeperParts {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly log: GuardLog
  notice(text: string): void
  readonly announcer: Announcer
  readonly kernel: KernelBlocks
  policy(): Policy
  facts(): HostFacts
  status(): Omit<GuardStatus, "blocked" | "wouldBeBlocked">
  readonly stateFolder: string
  reload(): void
  stop(remove: boolean): void
}

/** Findings in, blocks out: decides by core/block, writes the kernel's sets and the ledger, and answers commands. */
export interface Keeper {
  finding(finding: Finding, known: { readonly detection: Detection }): void
  answer(request: Request, client: Client): void
  /** Something that happened to the guard or the rules themselves. */
  note(text: string): void
  /** Makes ledger and kernel agree: at start, and after somebody else changed the table. */
  agree(): void
  /** The policy was read anew. */
  reloaded(before: Policy): void
  /** Each second. */
  tick(): void
  metrics(): readonly Metric[]
  close(): void
}

/** Ticks between two looks at what rules have listed by themselves. */
const AGREE_EVERY = 10

export function openKeeper(parts: KeeperParts): Outcome<Keeper> {
  const { log, kernel, announcer, stateFolder, environment, notice } = parts
  const opened = openStore(stateFolder, new Date().toISOString().replaceAll(":", ""))
  if (failed(opened)) return opened
  const { store, setAside } = opened.value
  if (setAside)
    log.warn(`the ledger was broken (${setAside.why}); it lies in ${setAside.path}, and a new one is kept`)
  const followers = new Set<(line: EventLine) => void>()
  const book = new Book({
    store,
    kernel,
    clock: readClock,
    settings: ledgerDefaults,
    neverBlocked: neverBlockedBy(parts.policy, parts.facts, environment),
    notice,
    told: (line) => {
      for (const follower of followers) follower(line)
    },
  })
  if (setAside)
    book.note(`the ledger was broken and lies in ${setAside.path}: blocks are taken over from the kernel`)
  clearNotified()
  let ticks = 0
  const scratch = new Flow()

  return done({
    finding(finding, { detection }) {
      const line = book.finding(finding, {
        hasConnection: hasLiveConnection,
        calledAt(address) {
          setEnds(scratch, address, address)
          scratch.time = finding.at
          return detection.standingOf(scratch).called ? finding.at : undefined
        },
        provedOnly: parts.policy().forgedSources === "prove",
      })
      const [source] = finding.sources
      log.info(
        { finding: line },
        `${finding.detector}: ${source ? printAddress(source) : "many"} ${finding.sentence}`,
      )
      announcer.add(line)
    },
    answer(request, client) {
      if (request.request === "stop") {
        client.reply({ answer: { stopping: true } })
        client.end()
        parts.stop(request.remove)
        return
      }
      if (request.request === "reload") {
        parts.reload()
        client.reply({ answer: { reloaded: true } })
      } else if (request.request === "status") {
        const { wouldBeBlocked } = book
        client.reply({ answer: { status: { ...parts.status(), blocked: book.size, wouldBeBlocked } } })
      } else {
        client.reply(answerRequest(request, book))
        if (request.request === "events" && request.follow) {
          const isWanted = followed(request.filter)
          const follower = (event: EventLine) => {
            if (isWanted(event)) client.reply({ event })
          }
          followers.add(follower)
          client.onGone(() => followers.delete(follower))
          return
        }
      }
      client.end()
    },
    note: (text) => book.note(text),
    agree: () => book.agree(),
    reloaded: clearNotified,
    tick() {
      book.tick()
      if (++ticks % AGREE_EVERY === 0) book.agree()
    },
    metrics: () => [
      {
        name: "floodwall_blocked_sources",
        kind: "gauge",
        help: "Sources and prefixes that are kept out now.",
        values: [{ value: book.size }],
      },
      {
        name: "floodwall_ledger_on_disk",
        kind: "gauge",
        help: "1: what is blocked is on the disk; 0: it cannot be written.",
        values: [{ value: book.isOnDisk ? 1 : 0 }],
      },
    ],
    close: () => book.close(),
  })

  /** From block to notify: the list is cleared, as its owner is told. */
  function clearNotified(): void {
    const count = book.clearNotified(isNotified(parts.policy()))
    if (count > 0)
      notice(
        `the action is notify now: ${count} blocked ${count === 1 ? "source was" : "sources were"} let in again`,
      )
  }
}

/** What of new events a follower asked for; how many and since when are about old ones. */
function followed({ source, kinds }: { readonly source?: string; readonly kinds?: readonly string[] }) {
  return (event: EventLine): boolean =>
    (kinds === undefined || kinds.includes(event.kind)) && (source === undefined || event.source === source)
}

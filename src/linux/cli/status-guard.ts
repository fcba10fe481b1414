import { askGuard } from "../daemon/client.js"
import type { BlockedLine, GuardStatus, Reply } from "../daemon/protocol.js"
import { failed } from "../host/outcome.js"
import { ask } from "./ask.js"
import { printBlocked } from "./blocked.js"
import type { Io } from "./output.js"
import { formatTable, plural } from "./text.js"
import { formatTime } from "./told.js"

/** What the guard and the ledger say for `status`. */
export interface GuardReport {
  /** Absent: no guard is running, or it does not answer this user. */
  readonly guard?: GuardStatus
  readonly blocked: readonly BlockedLine[]
}

/** `count`: how many sources the kernel keeps out; where there are none the ledger is not opened. */
export async function gatherGuard(io: Io, count: number): Promise<GuardReport> {
  let reply: Reply | undefined
  await askGuard({ request: "status" }, io.environment, (each) => {
    reply ??= each
  })
  const guard = reply && "answer" in reply && "status" in reply.answer ? reply.answer.status : undefined
  const answer = count > 0 ? await ask({ request: "blocked" }, io) : undefined
  const blocked = answer && !failed(answer) && "blocked" in answer.value ? answer.value.blocked : []
  return { ...(guard && { guard }), blocked }
}

/** So many sources are named; floodwall blocked names all. */
const NAMED = 5

/** `policy`: whose rules are in force, where that is known. */
export function printGuard(
  { guard, blocked }: GuardReport,
  count: number,
  policy: string | undefined,
  io: Io,
): void {
  const { style } = io
  const now = new Date()
  io.print()
  if (guard) {
    io.print(`Guard: running since ${formatTime(new Date(guard.since), now)} (process ${guard.pid})`)
    if (policy !== undefined && guard.policy !== policy)
      io.print(style.warn(`  It works by ${guard.policy}, and not by the policy whose rules are in force.`))
    for (const notice of guard.notices.slice(-NAMED)) {
      const [at = "", ...words] = notice.split(" ")
      io.print(`  ${formatTime(new Date(at), now)} ${style.warn(words.join(" "))}`)
    }
    for (const { name, state } of guard.sources)
      if (state !== "reading") io.print(`  ${style.warn(`${name} is not read: ${state}`)}`)
  } else
    io.print(
      "Guard: not running; floodwall run starts it. What the kernel's own rules block is blocked all the same.",
    )
  io.print(`Blocked: ${plural(count, "source")}`)
  if (blocked.length > 0) printBlocked(blocked.slice(0, NAMED), io)
  if (blocked.length > NAMED) io.print(`floodwall blocked names all ${blocked.length}.`)
  const would = guard?.wouldBeBlocked ?? []
  if (would.length === 0) return
  const honest = would.filter(({ hadConnections }) => hadConnections).length
  io.print(
    `\nWith action: block ${plural(would.length, "source")} would have been blocked, ${honest} of ${would.length === 1 ? "it" : "them"} with completed connections, so perhaps honest:`,
  )
  io.print(
    formatTable(
      [
        { title: "source" },
        { title: "for" },
        { title: "found", align: "right" },
        { title: "last" },
        { title: "connections" },
      ],
      would
        .slice(-NAMED * 4)
        .map(({ source, kind, times, last, hadConnections }) => [
          style.name(source),
          kind,
          String(times),
          formatTime(new Date(last), now),
          hadConnections ? "completed" : "none",
        ]),
    ),
  )
}

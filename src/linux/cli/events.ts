import { isProblem } from "../../core/base/diagnostic.js"
import { parseDuration } from "../../core/base/duration.js"
import { printPrefix } from "../../core/base/prefix.js"
import { askGuard } from "../daemon/client.js"
import type { EventFilter, EventLine, Reply } from "../daemon/protocol.js"
import { fail, failed } from "../host/outcome.js"
import { ask } from "./ask.js"
import { type Command, exit, jsonOption } from "./command.js"
import { readHosts } from "./hosts.js"
import type { Io } from "./output.js"
import { formatTime, tell } from "./told.js"

interface Options {
  readonly follow?: boolean
  readonly json?: boolean
  readonly source?: string
  readonly kind?: readonly string[]
  /** ISO 8601. */
  readonly since?: string
  readonly last?: number
}

export const command: Command<Options> = {
  operands: "",
  description:
    "What happened: findings with what was done about them, blocks that began and ended, and what happened to the guard and the rules. The latest 50 unless said else, the oldest first.",
  options: [
    { flags: "--source <host>", text: "only about this host or network" },
    {
      flags: "--kind <name>",
      text: "only of this kind: a detector's name, block, unblock, notice; may stand several times",
      many: true,
    },
    {
      flags: "--since <time>",
      text: "not older: 2h, 7d, or 2026-01-02T03:04:05Z",
      parse: (text) => parseSince(text, new Date()),
    },
    {
      flags: "--last <number>",
      text: "so many at most",
      parse: (text) =>
        /^[1-9]\d{0,6}$/.test(text)
          ? { value: Number(text) }
          : { wrong: `"${text}" is not a number of events` },
    },
    { flags: "--follow", text: "go on with what happens from now on; needs the guard" },
    jsonOption,
  ],
  exitZero: "done, also where nothing happened",
  exitOne: "--follow, and no guard is running",
  examples: [
    { line: "floodwall events --follow", text: "see it happen" },
    { line: "floodwall events --source 203.0.113.0/24 --since 1d --json", text: "one object an event" },
  ],
  async run(_operands, options, io) {
    const { follow = false, json = false, kind, since, last } = options
    const hosts = options.source === undefined ? [] : readHosts([options.source], io)
    if (hosts === undefined) return exit.wrong
    const [source] = hosts
    const filter: EventFilter = {
      last: last ?? (since === undefined ? 50 : 100_000),
      ...(source && { source: printPrefix(source) }),
      ...(kind && { kinds: kind }),
      ...(since !== undefined && { since }),
    }
    const show = (events: readonly EventLine[]) => {
      for (const event of [...events].reverse()) printEvent(event, json, io)
      io.flush()
    }
    if (follow) return followEvents(filter, show, io)
    const answer = await ask({ request: "events", filter, follow: false }, io)
    if (failed(answer)) return tell(answer.failure, io)
    show("events" in answer.value ? answer.value.events : [])
    return exit.done
  },
}

async function followEvents(filter: EventFilter, show: (events: readonly EventLine[]) => void, io: Io) {
  const each = (reply: Reply) => {
    if ("event" in reply) show([reply.event])
    else if ("answer" in reply && "events" in reply.answer) show(reply.answer.events)
  }
  const trouble = await askGuard({ request: "events", filter, follow: true }, io.environment, each)
  if (trouble === "absent") {
    const message = "no guard is running, so nothing will happen here"
    return tell(fail("no", "guard-not-running", message, "floodwall run starts it").failure, io)
  }
  if (trouble === "forbidden")
    return io.cannot(
      "no-guard-socket",
      "the guard does not answer you",
      "root may ask, and the group floodwall",
    )
  io.note("the guard has ended, or too much waited here to be read")
  return exit.done
}

function parseSince(text: string, now: Date): { readonly value: string } | { readonly wrong: string } {
  const duration = parseDuration(text)
  if (!isProblem(duration) && Number.isFinite(duration))
    return { value: new Date(now.getTime() - duration / 1e6).toISOString() }
  const time = Date.parse(text)
  return /^\d{4}-/.test(text) && Number.isFinite(time)
    ? { value: new Date(time).toISOString() }
    : { wrong: `"${text}" is neither a duration (2h, 7d) nor a time (2026-01-02T03:04:05Z)` }
}

/** As events hold them, for programs. */
const ISO_TIMES = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g

export function printEvent(event: EventLine, json: boolean, io: Io): void {
  if (json) {
    io.json(event)
    return
  }
  const { style } = io
  const { time, kind, source, target, text, action } = event
  const who = source === undefined ? "" : ` ${source}`
  const where = target === undefined ? "" : ` -> ${target}`
  const what = action === "block" ? style.bad(kind) : action ? style.warn(kind) : style.name(kind)
  const now = new Date()
  const plain = text.replaceAll(ISO_TIMES, (moment) => formatTime(new Date(moment), now))
  io.print(`${formatTime(new Date(time), now)} ${what}${who}${where}: ${plain}`)
}

import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest"
import type { Address } from "../../../core/base/address.js"
import type { Event } from "../../../core/event/event.js"
import type { TrackedConnection } from "../../host/netlink/conntrack-log.js"
import { failed } from "../../host/outcome.js"
import { type Alive, createAlive } from "../alive.js"
import { connectionSource } from "./connections.js"
import type { SourceContext } from "./source.js"

const SECOND = 1000
const CLOSE = 8
const ESTABLISHED = 3
const ASSURED = 4

/** What conntrack holds, and what it has told that nobody has read. */
const conntrack = {
  table: [] as TrackedConnection[],
  queue: [] as TrackedConnection[],
  overruns: 0,
  listings: 0,
}

vi.mock("../../host/netlink/conntrack-log.js", async (original) => ({
  ...(await original<object>()),
  openConnectionLog: () => ({
    value: {
      fd: 1,
      read(each: (tracked: TrackedConnection) => void) {
        const next = conntrack.queue.splice(0, 10_000)
        for (const tracked of next) each(tracked)
        return conntrack.queue.length > 0
      },
      get overruns() {
        return conntrack.overruns
      },
      close() {},
    },
  }),
  eachConnection(each: (tracked: TrackedConnection) => void) {
    conntrack.listings++
    for (const tracked of conntrack.table) each(tracked)
    return { value: undefined }
  },
}))

let alive: Alive
let events: string[]

beforeEach(() => {
  vi.useFakeTimers()
  Object.assign(conntrack, { table: [], queue: [], overruns: 0, listings: 0 })
  alive = createAlive()
  events = []
})
afterEach(() => vi.useRealTimers())

function start(): void {
  const started = connectionSource(alive).start({
    emit: (event: Event) => events.push(event.event === "connection" ? event.phase : event.event),
    clock: () => Date.now() / 1000,
    readiness: { watch() {}, unwatch() {}, close() {} },
    topology: { place() {} },
    notice() {},
  } as unknown as SourceContext)
  expect(failed(started)).toBe(false)
  if (!failed(started)) onTestFinished(() => started.value.stop())
}

/** A TCP connection from 192.0.2.HOST to 198.51.100.1, as conntrack tells of it. */
function tcp(
  id: number,
  host: number,
  change: TrackedConnection["change"],
  tcpState: number,
): TrackedConnection {
  const bytes = new Uint8Array([192, 0, 2, host, 198, 51, 100, 1])
  const ports = { sourcePort: 1000 + id, destinationPort: 80 }
  return {
    ...{ change, family: 4, bytes, source: 0, destination: 4, protocol: 6, ...ports, replySource: 0 },
    ...{ status: ASSURED, tcpState, packetsOut: 1, packetsBack: 1, bytesOut: 1, bytesBack: 1, id },
  }
}

const host = (last: number): Address => ({ family: 4, words: [(0xc0000200 + last) >>> 0] })

/** Something went unheard. */
function overrun(seconds: number): void {
  conntrack.overruns++
  vi.advanceTimersByTime(seconds * SECOND)
}

test("what went unheard is counted from conntrack's own list: who has gone meanwhile is connected no more, who has come is, and what waits to be read is older than the list", () => {
  conntrack.table = [tcp(1, 1, "new", ESTABLISHED), tcp(2, 2, "new", ESTABLISHED)]
  start()
  expect([1, 2, 3].map((last) => alive.has(host(last)))).toEqual([true, true, false])
  // The end of the first and the beginning of the third were lost; that of the fourth, and its end, still wait.
  conntrack.table = [tcp(2, 2, "new", ESTABLISHED), tcp(3, 3, "new", ESTABLISHED)]
  conntrack.queue = [tcp(4, 4, "update", ESTABLISHED), tcp(4, 4, "destroy", CLOSE)]
  overrun(6)
  expect([1, 2, 3, 4].map((last) => alive.has(host(last)))).toEqual([false, true, true, false])
  expect(conntrack.queue).toEqual([])
})

test("a flood in which something goes unheard all the time has all connections counted every five seconds, and once more when it is over", () => {
  start()
  expect(conntrack.listings).toBe(1)
  for (let tenth = 0; tenth < 300; tenth++) overrun(0.1)
  expect(conntrack.listings).toBeGreaterThanOrEqual(6)
  expect(conntrack.listings).toBeLessThanOrEqual(7)
  const during = conntrack.listings
  vi.advanceTimersByTime(30 * SECOND)
  expect(conntrack.listings - during).toBeGreaterThanOrEqual(1)
  expect(conntrack.listings - during).toBeLessThanOrEqual(2)
})

test("connections whose end went unheard do not fill what is remembered of those that are closing", () => {
  start()
  const closed = tcp(0, 9, "update", CLOSE)
  const close = (id: number) => conntrack.queue.push({ ...closed, id })
  for (let id = 1; id <= 65_536; id++) close(id)
  overrun(6)
  events.length = 0
  // All of them have gone, and nobody was told.
  overrun(12)
  close(70_000)
  overrun(12)
  expect(events.filter((phase) => phase === "ended")).toHaveLength(1)
})

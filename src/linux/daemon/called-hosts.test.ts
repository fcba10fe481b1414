import { appendFileSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { parseAddress } from "../../core/base/address.js"
import { ConnectionEvent } from "../../core/event/connection-event.js"
import { FROM_INSIDE, FROM_OUTSIDE, setEnds } from "../../core/event/flow.js"
import { type CalledHosts, openCalledHosts } from "./called-hosts.js"

const inside = parseAddress("198.51.100.2")!
const friend = parseAddress("203.0.113.7")!
const day = 86400

function call(calls: CalledHosts, to: string, at: number, side = FROM_INSIDE): void {
  const event = new ConnectionEvent()
  setEnds(event, inside, parseAddress(to)!)
  event.phase = "new"
  event.side = side
  event.time = at
  calls.take(event)
}

test("who was called is known for a day, in the next process too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "floodwall-called-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const first = openCalledHosts(folder)
  call(first, "203.0.113.7", 1_700_000_000)
  call(first, "2001:db8::7", 1_700_000_000)
  call(first, "203.0.113.8", 1_700_000_000, FROM_OUTSIDE)
  await first.save()
  const second = openCalledHosts(folder)
  const known = (text: string, later: number) =>
    second.calledAt(parseAddress(text)!, 1_700_000_000 + later) !== undefined
  expect(["203.0.113.7", "2001:db8::7", "203.0.113.8"].map((each) => known(each, day - 1))).toEqual([
    true,
    true,
    false,
  ])
  expect(known("203.0.113.7", day)).toBe(false)
  call(second, "203.0.113.9", 1_700_000_100)
  second.saveNow()
  expect(openCalledHosts(folder).calledAt(parseAddress("203.0.113.9")!, 1_700_000_200)).toBe(1_700_000_100)
  appendFileSync(join(folder, "called-hosts"), "noise")
  expect(openCalledHosts(folder).calledAt(friend, 1_700_000_200)).toBeUndefined()
})

test("however many are called, the latest are known, and no more is remembered", () => {
  const calls = openCalledHosts("/nowhere")
  for (let index = 0; index < 200_000; index++)
    call(calls, `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, 1_700_000_000 + index / 100)
  const known = (index: number) =>
    calls.calledAt(parseAddress(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`)!, 1_700_002_000)
  let latest = 0
  for (let index = 195_000; index < 200_000; index++) if (known(index) !== undefined) latest++
  expect(latest).toBeGreaterThan(4900)
  expect(known(0)).toBeUndefined()
})

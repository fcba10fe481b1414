import { expect, test } from "vitest"
import { ProgressBar } from "./progress.js"
import { TextSink } from "./sink.js"

function bar(columns = 120, label = "a.pcap") {
  const sink = new TextSink()
  const clock = { now: 0 }
  const progress = new ProgressBar(
    sink,
    label,
    "packets",
    () => clock.now,
    () => columns,
  )
  return { sink, clock, progress }
}

test("nothing is shown for what takes less than a second", () => {
  const { sink, clock, progress } = bar()
  clock.now = 900
  progress.at(50, 1000, 100)
  progress.done()
  expect(sink.text).toBe("")
})

test("then share, packets, rate and time left; `done` takes the line away", () => {
  const { sink, clock, progress } = bar()
  clock.now = 2000
  progress.at(50, 4_000_000, 200)
  expect(sink.text).toBe(
    `\r\u001b[Ka.pcap  ██████${"░".repeat(18)}  25 %  4,000,000 packets  2,000,000/s  6 s left`,
  )
  clock.now = 2050
  progress.at(60, 4_100_000, 200)
  progress.done()
  expect(sink.text.endsWith("6 s left\r\u001b[K")).toBe(true)
})

test("without a size: packets, rate and time gone", () => {
  const { sink, clock, progress } = bar()
  clock.now = 65_000
  progress.at(50, 130, undefined)
  expect(sink.text).toBe("\r\u001b[Ka.pcap  130 packets  2/s  1 min 05 s")
})

test.each([
  [120, 50, "captures/monday.pcap  ██████░░░░░░░░░░░░░░░░░░  25 %  4,000,000 packets  2,000,000/s  6 s left"],
  [80, 50, "captures/monday.pcap  ██░░░░░░░  25 %  4,000,000 packets  2,000,000/s  6 s left"],
  [60, 50, "…onday.pcap  25 %  4,000,000 packets  2,000,000/s  6 s left"],
  [40, 50, "25 %  4,000,000 packets  2,000,000/s  6"],
  [70, undefined, "captures/monday.pcap  4,000,000 packets  2,000,000/s  2 s"],
])("%d columns are never passed", (columns, done, line) => {
  const { sink, clock, progress } = bar(columns, "captures/monday.pcap")
  clock.now = 2000
  progress.at(done ?? 50, 4_000_000, done && 200)
  expect(sink.text).toBe(`\r\u001b[K${line}`)
  expect(line.length).toBeLessThan(columns)
})

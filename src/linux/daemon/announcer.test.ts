import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { expect, onTestFinished, test, vi } from "vitest"
import { type Announcement, createAnnouncer } from "./announcer.js"
import { createLog } from "./log.js"

const event = (text: string) => ({
  time: "2026-01-02T03:04:05.000Z",
  kind: "port-scan",
  source: "192.0.2.7",
  text,
})

function announcerWith(settings: {
  readonly hook?: string
  readonly webhook?: string
  readonly interval?: number
  readonly patience?: number
}) {
  const folder = mkdtempSync(join(tmpdir(), "floodwall-hook-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const log: string[] = []
  const hook = settings.hook?.replaceAll("FOLDER", folder)
  const announcer = createAnnouncer(
    {
      host: "here",
      clock: Date.now,
      interval: 300,
      patience: 20_000,
      ...settings,
      ...(hook !== undefined && { hook }),
    },
    createLog("text", false, (line) => log.push(line)),
  )
  const told = (): readonly Announcement[] =>
    existsSync(join(folder, "told"))
      ? readFileSync(join(folder, "told"), "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Announcement)
      : []
  return { announcer, log, told, folder }
}

test("one message in an interval, with the count of all and the first fifty; what is left is told at the end", async () => {
  const { announcer, told, log } = announcerWith({ hook: "{ cat; echo; } >> FOLDER/told" })
  for (let index = 0; index < 1000; index++) announcer.add(event(`number ${index}`))
  await vi.waitFor(() => expect(told()).toHaveLength(1), 20_000)
  const added = performance.now()
  for (let index = 0; index < 3; index++) announcer.add(event("later"))
  await pause(50)
  // A busy machine may have let the interval go by.
  if (performance.now() - added < 200) expect(told()).toHaveLength(1)
  await announcer.stop()
  expect(told().map(({ total, events }) => [total, events.length])).toEqual([
    [1000, 50],
    [3, 3],
  ])
  expect(told()[0]).toMatchObject({ host: "here", from: event("").time })
  expect(log).toEqual([])
})

test("what strangers sent is no word of the hook's command", async () => {
  const { announcer, told, folder } = announcerWith({ hook: "{ cat; echo; } >> FOLDER/told" })
  const text = `'; touch ${folder}/owned; echo $(touch ${folder}/owned) \`touch ${folder}/owned\`\n--help`
  announcer.add(event(text))
  await announcer.stop()
  expect(told()[0]?.events[0]?.text).toBe(text)
  expect(existsSync(join(folder, "owned"))).toBe(false)
})

test.each<[string, string, RegExp]>([
  ["hangs, with a child that holds its output", "sleep 60 & wait", /took longer than 0\.2 s, and was ended/],
  ["fails", "echo out of paper >&2; exit 3", /the hook failed \(exit 3\): out of paper/],
  ["does not read", "exec 0<&-; exit 0", /^$/],
  ["is not there", "/nowhere/at-all", /the hook failed \(exit 127\)/],
])("a hook that %s is logged, and keeps nobody waiting", async (_name, hook, said) => {
  const { announcer, log } = announcerWith({ hook, ...(hook.startsWith("sleep") && { patience: 200 }) })
  for (let index = 0; index < 50; index++) announcer.add(event("x".repeat(10_000)))
  const begin = Date.now()
  await announcer.stop()
  expect(Date.now() - begin).toBeLessThan(15_000)
  expect(log.join("")).toMatch(said)
})

test("a webhook that hangs, fails, or is not there is logged, and keeps nobody waiting", async () => {
  let got = ""
  const server = createServer((request, response) => {
    request.on("data", (chunk: Buffer) => (got += chunk.toString()))
    request.on("end", () => {
      if (request.url !== "/hangs") response.writeHead(request.url === "/fails" ? 500 : 200).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  for (const [path, said] of [
    [`:${port}/works`, /^$/],
    [`:${port}/fails`, /the webhook answers 500/],
    [`:${port}/hangs`, /the webhook cannot be reached: .*timeout/],
    [":1/nobody", /the webhook cannot be reached/],
  ] as const) {
    const { announcer, log } = announcerWith({
      webhook: `http://127.0.0.1${path}`,
      ...(path.endsWith("hangs") && { patience: 200 }),
    })
    announcer.add(event("found"))
    await announcer.stop()
    expect([path, log.join("")]).toEqual([path, expect.stringMatching(said)])
  }
  expect(JSON.parse(got.slice(0, got.indexOf("}]}") + 3))).toMatchObject({
    total: 1,
    events: [event("found")],
  })
})

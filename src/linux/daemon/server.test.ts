import { mkdtempSync, rmSync } from "node:fs"
import { createConnection, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { expect, onTestFinished, test } from "vitest"
import { failed } from "../host/outcome.js"
import type { EventLine, Reply, Request } from "./protocol.js"
import { type Client, claimGuard, openServer } from "./server.js"

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), "floodwall-server-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, "guard.sock")
}

async function serving(onRequest: (request: Request, client: Client) => void) {
  const path = place()
  const opened = await openServer(path, onRequest)
  if (failed(opened)) throw new Error(JSON.stringify(opened.failure))
  onTestFinished(() => opened.value.close())
  const connect = (text: string): Socket => {
    const socket = createConnection(path)
    socket.on("error", () => {})
    onTestFinished(() => void socket.destroy())
    socket.write(text)
    return socket
  }
  const ask = (text: string) =>
    new Promise<string>((resolve) => {
      let said = ""
      connect(text)
        .on("data", (chunk) => {
          said += chunk.toString()
        })
        .on("close", () => resolve(said))
    })
  return { connect, ask }
}

async function within(seconds: number, isSo: () => boolean): Promise<boolean> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(10)) if (isSo()) return true
  return isSo()
}

const event = (text: string): Reply => ({ event: { time: "", kind: "notice", text } satisfies EventLine })

test("an answer is as long as it is: forty million bytes arrive whole", async () => {
  const { ask } = await serving((_, client) => {
    client.reply(event("x".repeat(40 << 20)))
    client.end()
  })
  expect((await ask('{"request":"status"}\n')).length).toBeGreaterThan(40 << 20)
})

test("who follows and does not read is let go, and what waits for him is bounded; who reads stays", async () => {
  const followers: { readonly client: Client; isGone: boolean }[] = []
  const { connect } = await serving((_, client) => {
    const follower = { client, isGone: false }
    followers.push(follower)
    client.onGone(() => {
      follower.isGone = true
    })
  })
  connect('{"request":"follow"}\n').pause()
  expect(await within(30, () => followers.length === 1)).toBe(true)
  let heard = 0
  connect('{"request":"follow"}\n').on("data", (chunk) => {
    heard += chunk.length
  })
  expect(await within(30, () => followers.length === 2)).toBe(true)
  let told = 0
  for (; told < 100 && !followers[0]?.isGone; told++) {
    for (const { client } of followers) client.reply(event("y".repeat(100_000)))
    await pause(5)
  }
  // A million bytes, and what the socket itself takes.
  expect(told).toBeLessThan(30)
  expect(await within(30, () => heard > told * 100_000)).toBe(true)
  expect(followers.map(({ isGone }) => isGone)).toEqual([true, false])
})

test("long answers that nobody reads are not made for one after the other: the next is refused in a sentence", async () => {
  const { connect, ask } = await serving((_, client) => {
    client.reply(event("z".repeat(20 << 20)))
    client.end()
  })
  const first = connect('{"request":"blocked"}\n')
  await new Promise((resolve) => first.once("readable", resolve))
  expect(JSON.parse(await ask('{"request":"blocked"}\n'))).toMatchObject({
    error: { kind: "no", id: "guard-refuses" },
  })
  first.destroy()
  // The server learns of it when it comes to that.
  let answer = ""
  for (const end = Date.now() + 30_000; Date.now() < end && answer.length < 20 << 20; await pause(10))
    answer = await ask('{"request":"blocked"}\n')
  expect(answer.length).toBeGreaterThan(20 << 20)
})

test("of many clients at once, and many that say half a request, each that asks has an answer", async () => {
  const { connect, ask } = await serving((_, client) => {
    client.reply({ answer: { reloaded: true } })
    client.end()
  })
  for (let half = 0; half < 30; half++) connect('{"request":"st')
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask('{"request":"reload"}\n')))
  expect(new Set(answers)).toEqual(new Set(['{"answer":{"reloaded":true}}\n']))
})

test("of two that begin at the same moment one is told so, and the place is free when it is released", async () => {
  const path = place()
  const claims = await Promise.all([claimGuard(path), claimGuard(path), claimGuard(path)])
  const [held, ...others] = claims.filter((claim) => !failed(claim))
  expect(others).toEqual([])
  expect(claims.flatMap((claim) => (failed(claim) ? claim.failure.diagnostics : []))).toEqual([
    expect.objectContaining({ id: "guard-running", message: expect.stringContaining(`${process.pid}`) }),
    expect.objectContaining({ id: "guard-running" }),
  ])
  if (held && !failed(held)) held.value.release()
  const again = await claimGuard(path)
  expect(failed(again)).toBe(false)
  if (!failed(again)) again.value.release()
})

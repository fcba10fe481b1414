import { existsSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { createGuarded } from "./support/guarded.js"
import { needsKernel } from "./support/kernel-test.js"

test("stop --remove takes away itself what a guard leaves that is killed right after it has answered", async (context) => {
  needsKernel(context)
  const { gateway, policy, nft, socket } = createGuarded()
  expect(gateway.floodwall("apply", policy, "--keep", "--force").status).toBe(0)
  const guard = createServer((client) => {
    client.end('{"answer":{"stopping":true}}\n')
    guard.close()
    rmSync(socket, { force: true })
  })
  onTestFinished(() => void guard.close())
  await new Promise<void>((resolve) => guard.listen(socket, resolve))
  const stop = gateway.start("stop", "--remove")
  expect([await stop.ended, stop.output()]).toEqual([0, expect.stringMatching(/^Stopped and removed/)])
  expect([nft("list", "tables"), existsSync(join(gateway.state, "confirmed.json"))]).toEqual(["", false])
})

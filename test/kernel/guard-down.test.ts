import { once } from "node:events"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { address } from "../../src/linux/host/namespace/laboratory.js"
import { createGuarded, within } from "./support/guarded.js"
import { needsKernel } from "./support/kernel-test.js"

const SERVERS = `
import socket, time
made = []
for port in range(9100, 9125):
    one = socket.socket(); one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("", port)); one.listen(64); made.append(one)
print("there", flush=True)
time.sleep(60)
`

const MONITOR = `
import socket, sys
for port in range(9100, 9125):
    try: socket.create_connection((sys.argv[2], port), 1, (sys.argv[1], 0)).close()
    except OSError: pass
`

test("a monitor whose 25 services are down when the guard starts is nobody's scanner, if they have answered within a day", async (context) => {
  needsKernel(context)
  const { gateway, start, from } = createGuarded("{ preset: default }")
  const { inside, outside } = gateway.laboratory
  const watch = (host: number) => outside.run("python3", ["-c", MONITOR, from(host), address.inside.ipv4])
  const first = await start()
  const servers = inside.namespace.spawn("python3", ["-c", SERVERS], { stdio: ["ignore", "pipe", "inherit"] })
  await once(servers.stdout!, "data")
  watch(50)
  first.child.kill("SIGTERM")
  expect(await first.ended).toBe(0)
  servers.kill("SIGKILL")
  const second = await start()
  watch(50)
  second.child.kill("SIGTERM")
  expect(await second.ended).toBe(0)
  expect(second.output()).not.toMatch(/port-scan: /)
  // Without what was known the same is a scan.
  rmSync(join(gateway.state, "services"))
  const third = await start()
  watch(51)
  expect([await within(5, () => third.output().includes(`port-scan: ${from(51)} `)), third.output()]).toEqual(
    [true, expect.anything()],
  )
})

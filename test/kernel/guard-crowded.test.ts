import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { address } from "../../src/linux/host/namespace/laboratory.js"
import { createGuarded, PATIENCE, within } from "./support/guarded.js"
import { needsKernel } from "./support/kernel-test.js"

/** Three that knock at one closed port again and again, below the limit of floods, and quiet scanners beside them: of both families; and several who share a scan. */
const OUTSIDE = `
import socket, sys, time
target4, target6 = sys.argv[1:3]
loud, quiet4, quiet6, several = (words.split(",") for words in sys.argv[3:])
def knock(source, target, port):
    one = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET); one.setblocking(False); one.bind((source, 0))
    try: one.connect((target, port))
    except BlockingIOError: pass
    one.close()
begin = time.monotonic()
for step in range(150):
    for source in loud:
        for _ in range(3): knock(source, target4, 81)
    if step >= 60 and step % 3 == 0:
        for source in quiet4: knock(source, target4, 2000 + step)
        for source in quiet6: knock(source, target6, 2000 + step)
    if step >= 60: knock(several[step % len(several)], target4, 3000 + step)
    time.sleep(max(0, begin + (step + 1) / 60 - time.monotonic()))
`

test("scanners are found beside others who are louder: of what rules log each source has its part", async (context) => {
  needsKernel(context)
  const { gateway, start, from } = createGuarded("{ preset: default, open: [ssh] }")
  const { outside } = gateway.laboratory
  const guard = await start()
  const loud = [60, 61, 62, 63].map(from)
  const quiet = [70, 71, 72, 73].map(from)
  const several = Array.from({ length: 9 }, (_, index) => from(80 + index))
  const quiet6 = [1, 2].map((network) => `2001:db8:7:${network}::1`)
  for (const source of quiet6) outside.run("ip", ["address", "add", `${source}/128`, "dev", "eth0", "nodad"])
  const path = join(gateway.folder, "outside.py")
  writeFileSync(path, OUTSIDE)
  const { wan } = address
  outside.run("python3", [path, wan.ipv4, wan.ipv6, loud.join(), quiet.join(), quiet6.join(), several.join()])
  const found = () =>
    [...guard.output().matchAll(/^\S+ port-scan: (\S+) /gm)].map(([, source]) => source!).sort()
  // Nine with ten ports each.
  const shared = /^\S+ distributed-port-scan: .* of 192\.0\.2\.0\/24 tried 40 or more/m
  await within(PATIENCE, () => found().length >= 6 && shared.test(guard.output()))
  expect(found()).toEqual([...quiet, ...quiet6])
  expect(guard.output()).toMatch(shared)
})

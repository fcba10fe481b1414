import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { expect, test } from "vitest"
import { address } from "../../src/linux/host/namespace/laboratory.js"
import { createGuarded, PATIENCE, within } from "./support/guarded.js"
import { needsKernel } from "./support/kernel-test.js"

/** Behind the firewall: a server of 25 ports that goes and comes when it is told so. */
const INSIDE = `
import select, socket, sys
def say(text): sys.stdout.write(text + "\\n"); sys.stdout.flush()
def serve():
    made = []
    for port in range(9100, 9125):
        one = socket.socket(); one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("", port)); one.listen(512); made.append(one)
    return made
servers = serve()
say("there")
while True:
    ready, _, _ = select.select(servers + [sys.stdin], [], [])
    for one in ready:
        if one is sys.stdin:
            if sys.stdin.readline() == "": sys.exit()
            for server in servers: server.close()
            servers = [] if servers else serve()
            say("there" if servers else "gone")
        elif one in servers:
            peer, _ = one.accept(); peer.close()
`

/** Outside: a NAT's users, a monitor of 25 exporters, a load balancer, and somebody who knocks. */
const OUTSIDE = `
import socket, sys
def say(text): sys.stdout.write(text + "\\n"); sys.stdout.flush()
nat, monitor, balancer, knocker, target = sys.argv[1:]
def call(source, port, patience=2.0, reset=False):
    try:
        one = socket.create_connection((target, port), patience, (source, 0))
        if reset: one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\1\\0\\0\\0\\0\\0\\0\\0")
        one.close()
        return True
    except OSError: return False
def watch(): return sum(call(monitor, port, 0.5) for port in range(9100, 9125))
say(f"{watch()}")
sys.stdin.readline()
say(f"{watch()}")
sys.stdin.readline()
say(f"{watch()} {sum(call(nat, 9100 + index % 2) for index in range(1050))}")
for index in range(40): call(balancer, 9100 + index % 8, reset=True)
for port in (7000, 8000, 9000, 7777): call(knocker, port, 0.1)
say(f"{call(knocker, 9100)}")
`

test("nobody honest is found: services that are restarted, a thousand short connections of one address, health checks, knocks; and a visitor is not kept out for a scan in his name", async (context) => {
  needsKernel(context)
  const { gateway, start, from, scan, isListed } = createGuarded("{ preset: default }")
  const { inside, outside } = gateway.laboratory
  const guard = await start()
  const speak = (host: typeof inside, text: string, ...words: readonly string[]) => {
    const path = join(gateway.folder, `${host.name}.py`)
    writeFileSync(path, text)
    const child = host.namespace.spawn("python3", [path, ...words], { stdio: ["pipe", "pipe", "inherit"] })
    // Line by line: what is said at one time may come in one piece.
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
    return {
      next: async () => (await lines.next()).value as string | undefined,
      go: () => child.stdin!.write("\n"),
      end: () => child.kill("SIGKILL"),
    }
  }
  const servers = speak(inside, INSIDE)
  expect(await servers.next()).toBe("there")
  const clients = speak(outside, OUTSIDE, ...[50, 51, 52, 53].map(from), address.inside.ipv4)
  const restart = async () => {
    servers.go()
    return servers.next()
  }
  expect(await clients.next()).toBe("25")
  expect(await restart()).toBe("gone")
  clients.go()
  expect(await clients.next()).toBe("0")
  expect(await restart()).toBe("there")
  clients.go()
  expect([await clients.next(), await clients.next()]).toEqual(["25 1050", "True"])
  servers.end()
  // Scans are found behind it all, so all before has been looked at; what comes in a visitor's name may be somebody else's.
  const [visitor, stranger] = [from(50), from(55)]
  for (const source of [visitor, stranger]) scan(source)
  const told = (source: string) => guard.output().includes(`port-scan: ${source} `)
  expect([await within(PATIENCE, () => told(visitor) && told(stranger)), guard.output()]).toEqual([
    true,
    expect.anything(),
  ])
  const found = [...guard.output().matchAll(/^\S+ ([a-z-]+: 192\.0\.2\.5[0-4]\b.*)$/gm)]
  expect(found.map(([, line]) => line)).toEqual([expect.stringMatching(/^port-scan: 192\.0\.2\.50 /)])
  expect(await within(PATIENCE, () => isListed(stranger))).toBe(true)
  expect(isListed(visitor)).toBe(false)
})

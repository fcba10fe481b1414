import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { address } from "../../src/linux/host/namespace/laboratory.js"
import { serveEcho } from "./support/gateway.js"
import { createGuarded, PATIENCE, within } from "./support/guarded.js"
import { needsKernel, skipWithout } from "./support/kernel-test.js"

const scapy = fileURLToPath(new URL("support/attackers.py", import.meta.url))

/** Debian's nmap, hping3 and python3-scapy: senders that know nothing of this program. */
const tools: readonly [string, ...string[]][] = [
  ["nmap", "--version"],
  ["hping3", "--version"],
  ["/usr/bin/python3", "-c", "import scapy"],
]

/** Connects, talks and hangs up, again and again, and has one connection that stays; at the end it says what it tried and what came back. */
const HONEST = `
import socket, sys, time, signal
source, target = sys.argv[1], sys.argv[2]
going = True
def stop(*_):
    global going
    going = False
signal.signal(signal.SIGTERM, stop)
def call():
    one = socket.create_connection((target, 80), 3, (source, 0))
    one.settimeout(3)
    return one
def echo(one):
    one.sendall(b"honest")
    return one.recv(100) == b"honest"
tried = done = 0
stays = call()
print("there", flush=True)
while going:
    tried += 1
    try:
        one = call()
        done += echo(one) and echo(stays)
        one.close()
    except OSError as error:
        print(error, file=sys.stderr, flush=True)
    time.sleep(0.02)
print(tried, done)
`

/** So many datagrams from one socket, which to connection tracking are one connection. */
const ONE_SOCKET = `
import socket, sys
source, target, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.bind((source, 0))
for _ in range(count): one.sendto(b"x" * 64, (target, 5000))
`

test("nmap, hping3 and scapy are found for what they do, and who may be blocked is; an honest client loses nothing meanwhile", {
  timeout: 300_000,
}, async (context) => {
  needsKernel(context)
  for (const [command, ...words] of tools) {
    if (spawnSync(command, words).status !== 0)
      skipWithout(context, `${command} ${words.join(" ")} does not work here`)
  }
  const { gateway, start, from } = createGuarded("{ preset: default, open: [ssh, http, 5000/udp] }")
  const { firewall, outside } = gateway.laboratory
  const target = address.wan.ipv4
  // Connection tracking is on already, so that there is no warm-up.
  firewall.nft(
    "table inet other {\n chain c {\n type filter hook input priority 0\n ct state established accept\n }\n}\n",
  )
  await serveEcho(firewall, 80)
  // Listens, and says nothing: a collector's port.
  firewall.namespace.spawn("python3", [
    "-c",
    "import socket; s = socket.socket(2, 2); s.bind(('', 5000))\nwhile 1: s.recv(100)",
  ])
  const guard = await start()
  const honest = outside.namespace.spawn("python3", ["-c", HONEST, from(50), target], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  let said = ""
  honest.stdout?.on("data", (data) => (said += data))
  await once(honest.stdout!, "data")
  const run = async (command: string, ...words: readonly string[]) => {
    const child = outside.namespace.spawn(command, words, { stdio: "ignore" })
    const [status] = await once(child, "exit")
    // hping3 ends with 1 where nobody answered it.
    expect([command, words, status]).toEqual([command, words, command === "hping3" ? expect.any(Number) : 0])
  }
  const nmap = (source: number, ...words: readonly string[]) =>
    run("nmap", "-n", "-Pn", "-T5", "--max-retries", "0", "-e", "eth0", "-S", from(source), ...words, target)
  const hping = (packets: number, ...words: readonly string[]) =>
    run("hping3", "-q", "--faster", "-c", String(packets), ...words, target)

  await Promise.all([
    nmap(61, "-sS", "-p", "1-100"),
    nmap(62, "-sF", "-p", "1-100"),
    nmap(63, "-sX", "-p", "1-100"),
    nmap(64, "-sN", "-p", "1-100"),
    nmap(65, "-sU", "-p", "2000-2060"),
  ])
  await hping(4000, "-S", "-p", "80", "-a", from(71))
  await run("python3", "-c", ONE_SOCKET, from(72), target, "20000")
  await hping(4000, "-1", "-a", from(73))
  await hping(4000, "-R", "-p", "80", "-a", from(74))
  await hping(8000, "-S", "-p", "80", "--rand-source")
  await run("/usr/bin/python3", scapy, target, "80")

  const found = () =>
    new Set(
      [...guard.output().matchAll(/^\S+ ([a-z-]+): (\S+ )/gm)].map(
        ([, kind, source]) => `${kind} ${source?.startsWith("192.0.2.") ? source.trim() : "many"}`,
      ),
    )
  // Of a flood the rule logs a sample and counts the rest: whose samples they are has sent it.
  const wanted = [
    "port-scan 192.0.2.61",
    "port-scan 192.0.2.62",
    "port-scan 192.0.2.63",
    "port-scan 192.0.2.64",
    "udp-port-scan 192.0.2.65",
    "syn-flood 192.0.2.71",
    "udp-flood 192.0.2.72",
    "icmp-flood 192.0.2.73",
    "tcp-flood 192.0.2.74",
    "distributed-flood many",
    "fragment-attack 192.0.2.80",
    "land-attack 192.0.2.1",
    "malformed-packets 192.0.2.82",
    "forged-source many",
    "unsolicited-syn-ack 192.0.2.84",
    "data-in-syn 192.0.2.85",
    "ping-sweep 192.0.2.87",
  ]
  await within(PATIENCE, () => wanted.every((each) => found().has(each)))
  honest.kill("SIGTERM")
  await once(honest, "exit")
  expect([...found()]).toEqual(expect.arrayContaining(wanted))
  // Neither the client nor Fast Open is anything.
  expect([...found()].filter((each) => / 192\.0\.2\.(50|86)$/.test(each))).toEqual([])
  const blocked = gateway.floodwall("blocked", "--json").stdout.trim().split("\n")
  expect(blocked.map((line) => (JSON.parse(line) as { source: string }).source).sort()).toEqual(
    [61, 62, 63, 64].map(from),
  )
  const [tried, answered] = said.trim().split("\n").at(-1)!.split(" ").map(Number)
  expect(answered).toBe(tried)
  expect(tried).toBeGreaterThan(20)
})

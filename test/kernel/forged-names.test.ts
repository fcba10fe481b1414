import { expect, onTestFinished, test } from "vitest"
import { address, createLaboratory, type Laboratory } from "../../src/linux/host/namespace/laboratory.js"
import { needsKernel } from "./support/kernel-test.js"
import { counts, protect, rulesFor } from "./support/protect.js"

/** Answers each line on ports 22 and 80, and says when it listens. */
const SERVER = `
import socketserver, sys, threading
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile: self.wfile.write(line)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True; daemon_threads = True; request_queue_size = 64
servers = [Server(("", port), Echo) for port in (22, 80)]
for server in servers: threading.Thread(target=server.serve_forever, daemon=True).start()
print("listening", flush=True)
sys.stdin.read()
`

/** Reads steps as a JSON list, does them one by one, and prints what came of each. Connections stay open until the end. */
const CLIENT = `
import json, socket, struct, sys
target = sys.argv[1]
live = {}
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16: total = (total & 65535) + (total >> 16)
    return ~total & 65535
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
def forge(source, port, count):
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    for number in range(count):
        tcp = struct.pack("!HHIIBBHHH", 50000 + number, port, 7, 0, 80, 2, 8192, 0, 0)
        tcp = tcp[:16] + struct.pack("!H", checksum(ends + struct.pack("!HH", 6, 20) + tcp)) + tcp[18:]
        raw.sendto(struct.pack("!BBHHHBBH", 69, 0, 40, number, 0, 64, 6, 0) + ends + tcp, (target, 0))
    return count
def dial(source, port, name):
    one = socket.socket(); one.settimeout(0.5); one.bind((source, 0))
    try: one.connect((target, port))
    except OSError: return "no answer"
    live[name] = one
    return echo(name)
def echo(name):
    try:
        live[name].send(b"hello\\n")
        return "answered" if live[name].recv(10) else "closed"
    except OSError: return "no answer"
does = {"forge": forge, "dial": dial, "echo": echo}
print(json.dumps([does[step[0]](*step[1:]) for step in json.load(sys.stdin)]))
`

type Step =
  | readonly ["forge", source: string, port: number, count: number]
  | readonly ["dial", source: string, port: number, name: string]
  | readonly ["echo", name: string]

async function serve(wan: string, margin = ""): Promise<Laboratory> {
  const laboratory = createLaboratory({ hosts: "live" })
  onTestFinished(() => laboratory.close())
  const { firewall, outside } = laboratory
  for (const source of sources)
    outside.run("ip", ["address", "add", `${source}/32`, "dev", "eth0"], { fails: "allowed" })
  for (const source of sources)
    firewall.run("ip", ["route", "replace", `${source}/32`, "via", address.outside.ipv4, "dev", "wan0"])
  protect(laboratory, rulesFor(wan, "ingress", margin))
  const server = firewall.namespace.spawn("python3", ["-c", SERVER], { stdio: ["pipe", "pipe", "inherit"] })
  onTestFinished(() => {
    server.kill("SIGKILL")
  })
  await new Promise((resolve) => server.stdout!.once("data", resolve))
  return laboratory
}

const [honest, stranger, attacker] = ["203.0.113.50", "203.0.113.51", "203.0.113.66"] as const
const sources = [honest, stranger, attacker]

function run({ outside }: Laboratory, ...steps: readonly Step[]): readonly unknown[] {
  const { stdout } = outside.run("python3", ["-c", CLIENT, address.wan.ipv4], {
    input: JSON.stringify(steps),
  })
  return JSON.parse(stdout) as unknown[]
}

/** `203.0.113.66 1h`: who is listed, and for how long. */
function listed({ firewall }: Laboratory, set: string): readonly string[] {
  const { stdout } = firewall.run("nft", ["list", "set", "inet", "floodwall", set])
  return [...stdout.matchAll(/([0-9.]+) counter packets \d+ bytes \d+ timeout (\S+) expires/g)]
    .map(([, source, time]) => `${source} ${time}`)
    .sort()
}

const limit = "port-floods: { ssh: { limit: more than 5 in 300s, block-for: 1h } }"

test("whoever completes handshakes is blocked from everything at the packet that is too much, his live connections too", async (context) => {
  needsKernel(context)
  const laboratory = await serve(limit)
  const five = [1, 2, 3, 4, 5].map((number): Step => ["dial", attacker, 22, `ssh ${number}`])
  expect(
    run(
      laboratory,
      ["dial", honest, 80, "web"],
      ...five,
      ["echo", "ssh 1"],
      ["dial", attacker, 22, "sixth"],
      ["echo", "ssh 1"],
      ["dial", attacker, 80, "web of the attacker"],
      ["echo", "web"],
      ["dial", honest, 22, "ssh"],
    ),
  ).toEqual([
    "answered",
    ...five.map(() => "answered"),
    "answered",
    "no answer",
    "no answer",
    "no answer",
    "answered",
    "answered",
  ])
  expect(listed(laboratory, "blocked4")).toEqual([`${attacker} 1h`])
  expect(listed(laboratory, "blocked-new4")).toEqual([])
})

test("SYNs in somebody's name cut nobody off: who has a live connection keeps it and opens others; a stranger is kept from opening for ten minutes", async (context) => {
  needsKernel(context)
  const laboratory = await serve(limit)
  expect(
    run(
      laboratory,
      ["dial", honest, 80, "web"],
      ["dial", honest, 22, "ssh"],
      ["forge", honest, 22, 40],
      ["echo", "web"],
      ["echo", "ssh"],
      ["dial", honest, 80, "web again"],
      ["forge", stranger, 22, 40],
      ["dial", stranger, 80, "web of the stranger"],
    ),
  ).toEqual(["answered", "answered", 40, "answered", "answered", "answered", 40, "no answer"])
  expect(listed(laboratory, "blocked4")).toEqual([])
  expect(listed(laboratory, "blocked-new4")).toEqual([`${stranger} 10m`])
  // The visitor's own SYN and 40 in his name, less five; of the stranger's the sixth, and the others are not let in at all.
  expect(counts(laboratory)).toMatchObject({ "wan/port-floods/tcp22": 36 + 1, "wan/syn": 34 + 1 })
})

test("with forged-sources: prove a stranger is let in at once, and the attacker is blocked all the same", async (context) => {
  needsKernel(context)
  const laboratory = await serve(limit, "forged-sources: prove")
  const six = [1, 2, 3, 4, 5, 6].map((number): Step => ["dial", attacker, 22, `ssh ${number}`])
  expect(
    run(laboratory, ["forge", stranger, 22, 40], ["dial", stranger, 80, "web"], ...six, ["echo", "ssh 1"]),
  ).toEqual([40, "answered", ...six.slice(1).map(() => "answered"), "no answer", "no answer"])
  expect([listed(laboratory, "blocked4"), listed(laboratory, "blocked-new4")]).toEqual([
    [`${attacker} 1h`],
    [],
  ])
})

test.for([
  "connections: { limit: 8, action: block, block-for: 1h }",
  "connection-rate: { limit: 6/minute burst 8, action: block, block-for: 1h }",
])(
  "%s: nine connections block who makes them, and nobody in whose name they are begun",
  async (wan, context) => {
    needsKernel(context)
    const laboratory = await serve(wan)
    const nine = Array.from({ length: 9 }, (_, number): Step => ["dial", attacker, 80, `web ${number}`])
    expect(
      run(laboratory, ["dial", honest, 22, "ssh"], ["forge", honest, 80, 30], ["echo", "ssh"], ...nine, [
        "echo",
        "web 0",
      ]),
    ).toEqual(["answered", 30, "answered", ...nine.slice(1).map(() => "answered"), "no answer", "no answer"])
    expect([listed(laboratory, "blocked4"), listed(laboratory, "blocked-new4")]).toEqual([
      [`${attacker} 1h`],
      [],
    ])
  },
)

test("who was called by a host of ours is known: SYNs in its name do not keep it from opening, and decoy ports neither", async (context) => {
  needsKernel(context)
  const laboratory = await serve("decoy-ports: [23/tcp]")
  const { firewall, outside } = laboratory
  const called = outside.namespace.spawn("python3", ["-c", SERVER], { stdio: ["pipe", "pipe", "inherit"] })
  onTestFinished(() => {
    called.kill("SIGKILL")
  })
  await new Promise((resolve) => called.stdout!.once("data", resolve))
  firewall.run("python3", ["-c", `import socket; socket.create_connection(("${honest}", 80), 2).close()`])
  expect(
    run(
      laboratory,
      ["forge", honest, 23, 5],
      ["dial", honest, 80, "web"],
      ["forge", stranger, 23, 5],
      ["dial", stranger, 80, "web"],
    ),
  ).toEqual([5, "answered", 5, "no answer"])
  expect(listed(laboratory, "blocked-new4")).toEqual([`${stranger} 10m`])
})

import { readFileSync } from "node:fs"
import { beforeEach, expect, test } from "vitest"
import { buildPacket } from "../../src/core/packet/build.js"
import { SYN } from "../../src/core/packet/packet.js"
import { settle } from "../../src/linux/host/namespace/frame-capture.js"
import { address } from "../../src/linux/host/namespace/laboratory.js"
import { createGateway, type Gateway, reachable, serveEcho, until } from "./support/gateway.js"
import { needsKernel } from "./support/kernel-test.js"

let gateway: Gateway

beforeEach(({ skip }) => {
  needsKernel({ skip })
  gateway = createGateway()
})

const open = (...ports: number[]) => `{ open: [${ports.map((port) => `${port}/tcp`).join(", ")}] }`

/** Which of two ports new connections from outside reach. */
const openPorts = () => reachable(gateway.laboratory.outside, address.wan.ipv4, [81, 82])

/** The trial's or the pause's time is over, as the kernel says. */
const trialIsOver = () => until(() => gateway.status().trial?.secondsLeft === null)

async function serveBoth(): Promise<void> {
  await serveEcho(gateway.laboratory.firewall, 81)
  await serveEcho(gateway.laboratory.firewall, 82)
}

test("changed, unchanged, changed behind our back, changed again", async () => {
  await serveBoth()
  const policy = gateway.policy("one", open(81))
  expect(await openPorts()).toEqual([81, 82])
  expect(gateway.floodwall("status").status).toBe(1)
  expect(gateway.floodwall("status").stdout).toMatch(/^NOT PROTECTED/)

  const first = gateway.floodwall("apply", "--keep", policy)
  expect(first).toMatchObject({ status: 0, stdout: expect.stringMatching(/^changed/m) })
  expect(await openPorts()).toEqual([81])
  const listing = gateway.rules("all")
  const second = gateway.floodwall("apply", policy)
  expect(second).toMatchObject({ status: 0, stdout: expect.stringMatching(/^unchanged/) })
  expect(withoutCounters(gateway.rules("all"))).toBe(withoutCounters(listing))
  expect(gateway.floodwall("diff", policy)).toMatchObject({ status: 0, stdout: "no difference\n" })
  expect(gateway.floodwall("status")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^PROTECTED\n/),
  })

  const chain = /chain (\S+\.a) \{.*\n\t\ttype filter hook prerouting/.exec(gateway.rules("all"))?.[1]
  gateway.laboratory.firewall.nft(`insert rule inet floodwall ${chain} tcp dport 82 accept`)
  const differs = gateway.floodwall("diff", policy)
  expect(differs.status).toBe(1)
  expect(differs.stdout).toMatch(/^ {2}- tcp dport 82 accept$/m)
  expect(gateway.floodwall("apply", "--keep", policy).stdout).toMatch(/^changed/m)
  expect(gateway.floodwall("diff", policy).status).toBe(0)

  // The ledger's sets stay, and are no difference where no rule asks them.
  const other = gateway.policy("other", "{ preset: default, outgoing: { fragments: drop } }")
  const pings = gateway.policy("pings", "{ icmp-floods: 50/second burst 200 }")
  for (const path of [other, pings]) {
    expect(gateway.floodwall("apply", "--keep", path).stdout).toMatch(/^changed/m)
    expect(gateway.floodwall("diff", path)).toMatchObject({ status: 0, stdout: "no difference\n" })
    expect(gateway.floodwall("apply", path).stdout).toMatch(/^unchanged/)
  }
})

test("a trial is undone by the kernel, with every process of ours dead", async () => {
  await serveBoth()
  expect(gateway.floodwall("apply", "--keep", gateway.policy("one", open(81))).status).toBe(0)
  const kept = gateway.status().digest
  const applied = gateway.floodwall("apply", "--confirm", "8", gateway.policy("two", open(82)))
  expect(applied.stdout).toMatch(
    /Open a SECOND session and run: floodwall confirm \(undone by the kernel at \d\d:\d\d:\d\d\)/,
  )
  expect(gateway.floodwall("status").stdout).toMatch(/^ON TRIAL: undone by the kernel at/)
  expect(await openPorts()).toEqual([82])
  await trialIsOver()
  expect(await openPorts()).toEqual([81])
  expect(gateway.status()).toMatchObject({ protected: true, digest: kept, trial: { over: true } })

  const late = gateway.floodwall("confirm")
  expect(late.status).toBe(1)
  expect(late.stderr).toMatch(/too late.*\[trial-over\]/)
  expect(gateway.status()).toMatchObject({ digest: kept, trial: null })
  expect(await openPorts()).toEqual([81])
})

test("a first trial that nobody confirms leaves no rules in force", async () => {
  await serveBoth()
  gateway.floodwall("apply", "--confirm", "6", gateway.policy("one", open(81)))
  expect(await openPorts()).toEqual([81])
  await trialIsOver()
  expect(await openPorts()).toEqual([81, 82])
  expect(gateway.floodwall("status")).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^NOT PROTECTED/),
  })
  expect(gateway.floodwall("rollback").status).toBe(0)
  expect(gateway.rules("all").trim()).toBe("")
})

test("confirm keeps, rollback goes back, and neither has anything to do afterwards", async () => {
  await serveBoth()
  const [one, two] = [gateway.policy("one", open(81)), gateway.policy("two", open(82))]
  gateway.floodwall("apply", "--confirm", "20", one)
  expect(gateway.floodwall("confirm").status).toBe(0)
  expect(gateway.floodwall("confirm").status).toBe(1)
  gateway.floodwall("apply", "--confirm", "20", two)
  expect(await openPorts()).toEqual([82])
  expect(gateway.floodwall("rollback").status).toBe(0)
  expect(await openPorts()).toEqual([81])
  expect(gateway.floodwall("rollback").status).toBe(1)
  expect(gateway.status()).toMatchObject({ protected: true, trial: null })
  expect(gateway.floodwall("diff", one).status).toBe(0)
})

test("an apply during a trial, and after one that is over, takes its place; what is kept stays the same", async () => {
  await serveBoth()
  gateway.floodwall("apply", "--keep", gateway.policy("one", open(81)))
  gateway.floodwall("apply", "--confirm", "20", gateway.policy("two", open(82)))
  gateway.floodwall("apply", "--confirm", "5", gateway.policy("three", open(81, 82)))
  expect(await openPorts()).toEqual([81, 82])
  await trialIsOver()
  expect(await openPorts()).toEqual([81])
  expect(gateway.floodwall("apply", "--keep", gateway.policy("two", open(82))).status).toBe(0)
  expect(await openPorts()).toEqual([82])
  expect(gateway.rules("all")).not.toMatch(/gate: |set trial/)
  expect(gateway.status()).toMatchObject({ protected: true, trial: null })
})

test("a pause is timed by the kernel, and resume ends it", async () => {
  await serveBoth()
  gateway.floodwall("apply", "--keep", gateway.policy("one", open(81)))
  expect(gateway.floodwall("pause", "6s").status).toBe(0)
  expect(await openPorts()).toEqual([81, 82])
  expect(gateway.floodwall("status")).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^NOT PROTECTED: paused until/),
  })
  await until(() => gateway.status().pausedSeconds === null)
  expect(await openPorts()).toEqual([81])
  expect(gateway.floodwall("resume").status).toBe(1)
  gateway.floodwall("pause", "10m")
  expect(await openPorts()).toEqual([81, 82])
  expect(gateway.floodwall("resume").status).toBe(0)
  expect(await openPorts()).toEqual([81])
  expect(gateway.floodwall("pause", "10").stderr).toMatch(/has no unit/)
})

test("other tools' rules are untouched byte for byte, and remove leaves the kernel as it was found", async () => {
  const { firewall } = gateway.laboratory
  firewall.nft(`table inet filter {
	set friends { type ipv4_addr; flags dynamic,timeout; size 10; elements = { 192.0.2.7 } ; }
	chain input {
		type filter hook input priority 0; policy accept;
		ip saddr @friends counter packets 7 bytes 700 accept
	}
}
table netdev early {
	chain ingress {
		type filter hook ingress device "wan0" priority -500;
		counter packets 3 bytes 30
	}
}
`)
  firewall.run("iptables", [
    "-t",
    "nat",
    "-A",
    "PREROUTING",
    "-p",
    "tcp",
    "--dport",
    "8080",
    "-j",
    "DNAT",
    "--to",
    "198.51.100.2:80",
  ])
  firewall.run("iptables", ["-A", "INPUT", "-p", "tcp", "--dport", "25", "-j", "DROP"])
  firewall.run("iptables-legacy", ["-A", "FORWARD", "-p", "udp", "--dport", "19", "-j", "DROP"])
  firewall.run("iptables-legacy", [
    "-t",
    "raw",
    "-A",
    "PREROUTING",
    "-p",
    "tcp",
    "--dport",
    "1",
    "-j",
    "DROP",
  ])
  const before = gateway.rules("all")
  const foreign = gateway.rules()
  expect(foreign).toMatch(/DNAT/)

  const [one, two] = [
    gateway.policy("one", "{ preset: default, open: [ssh] }"),
    gateway.policy("two", open(82)),
  ]
  for (const words of [
    ["apply", "--keep", one],
    ["apply", "--confirm", "20", two],
    ["confirm"],
    ["apply", "--confirm", "20", one],
    ["rollback"],
    ["pause", "1m"],
    ["resume"],
  ]) {
    const ran = gateway.floodwall(...words)
    expect([words[0], ran.status, ran.stderr]).toEqual([words[0], 0, ran.stderr])
    expect(gateway.rules("all")).toContain("table inet floodwall")
    expect(gateway.rules()).toBe(foreign)
  }
  expect(gateway.floodwall("remove").status).toBe(0)
  expect(gateway.rules("all")).toBe(before)
  expect(gateway.floodwall("remove").status).toBe(1)
})

test("what boots is the last confirmed policy, as plain nft text", async () => {
  await serveBoth()
  const { firewall } = gateway.laboratory
  gateway.floodwall("apply", "--keep", gateway.policy("one", open(81)))
  gateway.floodwall("apply", "--confirm", "1", gateway.policy("two", open(82)))
  await trialIsOver()
  for (const name of ["boot.nft", "boot-without-ingress.nft"]) {
    firewall.run("nft", ["flush", "ruleset"])
    expect(await openPorts()).toEqual([81, 82])
    // Twice: a unit that is started again replaces what it has loaded.
    for (let time = 0; time < 2; time++) firewall.run("nft", ["-f", `${gateway.state}/${name}`])
    expect(await openPorts()).toEqual([81])
  }
  expect(readFileSync(`${gateway.state}/boot-without-ingress.nft`, "utf8")).not.toMatch(/hook ingress/)
  expect(gateway.status()).toMatchObject({ protected: true })
  expect(gateway.floodwall("apply", "--keep", gateway.policy("one", open(81))).stdout).toMatch(
    /^changed|^unchanged/m,
  )
})

test("status counts exactly what was dropped, by the policy's line, and keeps a pause's packets out of it", () => {
  const { outside } = gateway.laboratory
  gateway.floodwall("apply", "--keep", gateway.policy("one", open(81)))
  const sender = outside.sender("eth0")
  let number = 0
  const send = (count: number, port: number, six = false) =>
    sender.send(
      Array.from({ length: count }, () => ({
        bytes: buildPacket({
          source: six ? address.outside.ipv6 : address.outside.ipv4,
          destination: six ? address.wan.ipv6 : address.wan.ipv4,
          tcp: { sourcePort: 40000 + number++, destinationPort: port, flags: SYN, maximumSegmentSize: 1460 },
        }),
      })),
    )
  const dropped = () => {
    settle()
    return gateway
      .status()
      .protections.filter(({ protection }) => protection === "open")
      .map(({ dropped: { packets } }) => packets)
  }
  expect(dropped()).toEqual([0])
  send(7, 83)
  send(5, 83, true)
  send(3, 81)
  expect(dropped()).toEqual([12])
  gateway.floodwall("pause", "1m")
  send(4, 83)
  expect(dropped()).toEqual([12])
  gateway.floodwall("resume")
  send(1, 83)
  expect(dropped()).toEqual([13])
  expect(gateway.floodwall("status").stdout).toMatch(/^open +13 +\d+ +0 +\S+one\.yaml:4$/m)
})

test("rules that go away behind our back are told: NOT PROTECTED, exit 1", () => {
  const policy = gateway.policy("one", open(81))
  gateway.floodwall("apply", "--keep", policy)
  expect(gateway.floodwall("status").status).toBe(0)
  gateway.laboratory.firewall.run("nft", ["flush", "ruleset"])
  expect(gateway.floodwall("status")).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^NOT PROTECTED/),
  })
  expect(gateway.floodwall("diff", policy).status).toBe(1)
  expect(gateway.floodwall("apply", "--keep", policy).stdout).toMatch(/^changed/m)
  expect(gateway.floodwall("status").status).toBe(0)
})

function withoutCounters(text: string): string {
  return text.replaceAll(/packets \d+ bytes \d+|^\s*elements = .* expires .*$/gm, "")
}

import { afterEach, beforeEach, expect, test } from "vitest"
import { parseRunning, type Running } from "../../src/core/backend/nft/running.js"
import {
  renderApply,
  renderConfirm,
  renderPause,
  renderRemove,
  renderResume,
  renderRollback,
} from "../../src/core/backend/nft/transaction.js"
import { isProblem } from "../../src/core/base/diagnostic.js"
import type { Rate } from "../../src/core/base/rate.js"
import {
  accept,
  address,
  continueVerdict,
  counter,
  drop,
  inSet,
  ip,
  ip6,
  is,
  jump,
  limitOver,
  tcp,
  update,
  vmap,
} from "../../src/core/ruleset/build.js"
import type { ExpressionNode, StepNode } from "../../src/core/ruleset/node.js"
import type { Ruleset, SetDeclaration } from "../../src/core/ruleset/ruleset.js"
import { createNamespace, type NetworkNamespace } from "../../src/linux/host/namespace/namespace.js"
import { needsKernel } from "./support/kernel-test.js"
import { openPings, type Pings } from "./support/pings.js"

/**
 * Two hosts on a wire. Each generation of rules drops what is sent to addresses of its own, so that pings tell which rules are in force:
 * those of "one" keep 10.9.0.11 and fd09::11 from answering, those of "two" 10.9.0.12 and fd09::12. 10.9.0.2 always answers.
 */
let outside: NetworkNamespace
let firewall: NetworkNamespace
let pings: Pings

beforeEach((context) => {
  needsKernel(context)
  outside = createNamespace()
  firewall = createNamespace()
  outside.run("ip", ["link", "add", "wire", "type", "veth", "peer", "name", "wan0", "netns", firewall.path])
  firewall.sysctl("net/ipv6/conf/wan0/accept_dad", 0)
  for (const host of ["2/24", "11/24", "12/24"])
    firewall.run("ip", ["address", "add", `10.9.0.${host}`, "dev", "wan0"])
  for (const host of ["2", "11", "12"])
    firewall.run("ip", ["address", "add", `fd09::${host}/64`, "dev", "wan0", "nodad"])
  outside.run("ip", ["address", "add", "10.9.0.1/24", "dev", "wire"])
  outside.run("ip", ["address", "add", "fd09::1/64", "dev", "wire", "nodad"])
  firewall.run("ip", ["link", "set", "wan0", "up"])
  outside.run("ip", ["link", "set", "wire", "up"])
  pings = openPings(outside)
})

afterEach(() => {
  pings?.close()
  outside?.close()
  firewall?.close()
})

const origin = { span: { file: "policy.yaml", line: 1, column: 1 }, text: "" }
const perHour: Rate = { count: 10, unit: "hour" }

interface Variant {
  readonly limit?: Rate
  readonly policy?: "accept" | "drop"
  readonly bans?: readonly string[]
}

/** A ruleset that drops what is sent to the `host`s, with sets of all three kinds, an own chain, a named verdict map, and chains at two hooks. */
function rules(
  host: "11" | "12",
  { limit: rate = perHour, policy = "accept", bans = [] }: Variant = {},
): Ruleset {
  const rule = (...steps: StepNode[]) => ({ steps, origin })
  const meter = update("meter", ip("saddr"), {}, limitOver(rate, 100))
  const sets: SetDeclaration[] = [
    {
      name: "blocked4",
      key: ["ipv4_addr"],
      flags: ["timeout"],
      size: 1000,
      timeout: 3600e9,
      keeps: "ledger",
    },
    {
      name: "meter",
      key: ["ipv4_addr"],
      flags: ["dynamic", "timeout"],
      size: 1000,
      timeout: 60e9,
      keeps: "limiter",
    },
    {
      name: "banned4",
      key: ["ipv4_addr"],
      flags: ["interval"],
      elements: bans.map((ban) => ({ key: { value: address(ban) } })),
    },
    {
      name: "ports",
      key: ["inet_service"],
      data: "verdict",
      flags: [],
      elements: [{ key: { value: [7] }, data: jump("targets") }],
    },
  ]
  return {
    tables: [
      {
        family: "inet",
        name: "floodwall",
        sets,
        chains: [
          {
            name: "early",
            base: { type: "filter", hook: "prerouting", priority: -300, policy: "accept" },
            rules: [
              rule(inSet(ip("saddr"), "blocked4"), counter, drop),
              rule(inSet(ip("daddr"), "banned4"), drop),
            ],
          },
          {
            name: "input",
            base: { type: "filter", hook: "input", priority: 0, policy },
            rules: [
              rule(meter, drop),
              rule(vmap(tcp("dport"), "ports")),
              rule(
                vmap(tcp("flags"), [
                  [0, jump("targets")],
                  [2, continueVerdict],
                ]),
              ),
              rule(jump("targets")),
              ...(policy === "drop" ? [rule(accept)] : []),
            ],
          },
          {
            name: "targets",
            rules: [
              rule(is(ip("daddr"), address(`10.9.0.${host}`)), drop),
              rule(is(ip6("daddr"), address(`fd09::${host}`)), drop),
            ],
          },
        ],
      },
    ],
  }
}

const one = rules("11")
const two = rules("12")

function running(): Running | null {
  const found = parseRunning(firewall.run("nft", ["-j", "-a", "-t", "list", "ruleset"]).stdout)
  if (isProblem(found)) throw new Error(found.message)
  return found
}

function load(text: string): string {
  return firewall.run("nft", ["-f", "-"], { input: text, fails: "allowed" }).stderr
}

function apply(ruleset: Ruleset, trialSeconds: number | null): void {
  const { text, diagnostics } = renderApply(ruleset, running(), trialSeconds)
  expect(diagnostics).toEqual([])
  expect(load(text)).toBe("")
}

/** Which rules are in force, by both families; and that the wire works at all. */
function inForce(): string {
  const hosts = ["10.9.0.11", "10.9.0.12", "fd09::11", "fd09::12"]
  const [four, six, ...answers] = pings.answered(["10.9.0.2", "fd09::2", ...hosts])
  expect([four, six]).toEqual([true, true])
  const dropped = answers.map((answered) => (answered ? "." : "x")).join("")
  return { "....": "none", "x.x.": "one", ".x.x": "two", xxxx: "both" }[dropped] ?? dropped
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000))
}

/** What stands in the kernel, without what packets add to it: counts, and the elements of meters. */
function listing(): string {
  return firewall
    .run("nft", ["-s", "list", "ruleset"])
    .stdout.replaceAll(/\t\telements = \{ [^}]*limit rate[^}]*\}\n/g, "")
}

function names(): string {
  const table = running()?.tables[0]
  return [...(table?.chains ?? []), ...(table?.sets ?? [])].map(({ name }) => name).join(" ")
}

test("apply for good: in force at once, one generation, no gates", () => {
  expect(inForce()).toBe("none")
  apply(one, null)
  expect(inForce()).toBe("one")
  expect(names()).toMatch(/^early\.a input\.a targets\.a blocked4 meter\.h\w+ banned4\.a ports\.a$/)
  expect(listing()).not.toContain("gate")
  apply(two, null)
  expect(inForce()).toBe("two")
  expect(names()).toMatch(/^early\.b input\.b targets\.b blocked4 meter\.h\w+ banned4\.b ports\.b$/)
})

test("a first trial that nobody confirms ends by itself: nothing in force", async () => {
  apply(one, 1)
  expect(inForce()).toBe("one")
  await seconds(1.1)
  expect(inForce()).toBe("none")
  expect(load(renderConfirm(running()!))).toContain("No such file or directory")
  expect(inForce()).toBe("none")
  expect(load(renderRollback(running()!))).toBe("")
  expect(listing()).toBe("")
})

test("a trial over kept rules gives them back, packets say so, and tidying changes nothing", async () => {
  apply(one, null)
  const before = listing()
  apply(two, 1)
  expect(running()).toMatchObject({ kept: "a", trial: "b" })
  expect(inForce()).toBe("two")
  await seconds(1.1)
  expect(inForce()).toBe("one")
  expect(load(renderConfirm(running()!))).toContain("No such file or directory")
  expect(inForce()).toBe("one")
  expect(load(renderRollback(running()!))).toBe("")
  expect(inForce()).toBe("one")
  expect(listing()).toBe(before)
})

test("confirm in time: the new rules stay, without gates", async () => {
  apply(one, null)
  apply(two, 1)
  expect(load(renderConfirm(running()!))).toBe("")
  expect(running()).toMatchObject({ kept: "b", trial: null, tables: [{ gates: [] }] })
  await seconds(1.1)
  expect(inForce()).toBe("two")
  expect(listing()).not.toMatch(/gate|trial|\.a\b/)
  // The same as if it had been applied for good.
  const confirmed = listing()
  load(renderRemove(running()!))
  apply(one, null)
  apply(two, null)
  expect(listing()).toBe(confirmed)
})

test("rollback in time", () => {
  apply(one, null)
  apply(two, 60)
  expect(load(renderRollback(running()!))).toBe("")
  expect(inForce()).toBe("one")
  expect(renderRollback(running()!)).toBe("")
})

test("confirm of a first apply", () => {
  apply(one, 60)
  expect(load(renderConfirm(running()!))).toBe("")
  expect(inForce()).toBe("one")
  expect(running()).toMatchObject({ kept: "a", trial: null })
})

test.each([
  ["running", 0],
  ["over", 1.1],
])("apply over a trial that is %s: the kept rules stay those before it", async (_, wait) => {
  apply(one, null)
  apply(two, 1)
  await seconds(wait)
  apply(rules("12", { bans: ["10.9.0.12"] }), 1)
  expect(inForce()).toBe("two")
  await seconds(1.1)
  expect(inForce()).toBe("one")
  apply(two, null)
  expect(inForce()).toBe("two")
  expect(names()).toMatch(/^early\.b input\.b targets\.b blocked4 meter\.h\w+ banned4\.b ports\.b$/)
})

test("apply over a first trial", async () => {
  apply(one, 60)
  apply(two, 1)
  expect(inForce()).toBe("two")
  await seconds(1.1)
  expect(inForce()).toBe("none")
})

test("rules that drop by policy let everything past when they are not in force", async () => {
  apply(rules("11", { policy: "drop" }), null)
  expect(inForce()).toBe("one")
  apply(rules("12", { policy: "drop" }), 1)
  expect(inForce()).toBe("two")
  await seconds(1.1)
  expect(inForce()).toBe("one")
  expect(load(renderPause(running()!, 1))).toBe("")
  expect(inForce()).toBe("none")
})

test("a pause ends by itself, or by resume, or by the next apply", async () => {
  apply(one, null)
  const before = listing()
  expect(load(renderPause(running()!, 1))).toBe("")
  expect(running()?.paused).toBe(true)
  expect(inForce()).toBe("none")
  await seconds(1.1)
  expect(inForce()).toBe("one")
  expect(load(renderPause(running()!, 60))).toBe("")
  expect(inForce()).toBe("none")
  expect(load(renderPause(running()!, 60))).toBe("")
  expect(load(renderResume(running()!))).toBe("")
  expect(inForce()).toBe("one")
  expect(listing()).toBe(before)
  load(renderPause(running()!, 60))
  apply(two, 1)
  expect(inForce()).toBe("two")
  await seconds(1.1)
  expect(inForce()).toBe("one")
})

test("a pause in a trial: neither judges, and the trial goes on", async () => {
  apply(one, null)
  apply(two, 60)
  expect(load(renderPause(running()!, 1))).toBe("")
  expect(inForce()).toBe("none")
  await seconds(1.1)
  expect(inForce()).toBe("two")
  expect(load(renderConfirm(running()!))).toBe("")
  expect(load(renderResume(running()!))).toBe("")
  expect(listing()).not.toMatch(/gate|pause/)
})

/** Elements of a set as nft lists them, without times. */
function elements(set: string): string[] {
  const text = firewall.run("nft", ["list", "set", "inet", "floodwall", set]).stdout
  return [...text.matchAll(/(\d+\.\d+\.\d+\.\d+)/g)].map((found) => found[1]!)
}

test("ledger elements outlive apply, trial and rollback, with the time they had left", async () => {
  apply(one, null)
  load("add element inet floodwall blocked4 { 192.0.2.1 timeout 100s, 192.0.2.2 timeout 1s }")
  apply(two, 1)
  load("add element inet floodwall blocked4 { 192.0.2.3 timeout 1h }")
  await seconds(1.1)
  load(renderRollback(running()!))
  apply(two, null)
  expect(elements("blocked4").sort()).toEqual(["192.0.2.1", "192.0.2.3"])
  expect(firewall.run("nft", ["list", "set", "inet", "floodwall", "blocked4"]).stdout).toMatch(
    /192\.0\.2\.1 timeout 1m40s expires 1m3\ds/,
  )
})

test("the policy's own elements are the policy's, and come back with a rollback", async () => {
  apply(rules("11", { bans: ["10.9.0.11", "10.9.0.99"] }), null)
  apply(rules("12", { bans: ["10.9.0.98"] }), 1)
  expect(elements("banned4.b")).toEqual(["10.9.0.98"])
  await seconds(1.1)
  load(renderRollback(running()!))
  expect(elements("banned4.a")).toEqual(["10.9.0.11", "10.9.0.99"])
})

test("the same limit goes on counting, another one starts fresh, and what nobody uses goes away", () => {
  const meters = () =>
    running()!
      .tables[0]!.sets.map(({ name }) => name)
      .filter((name) => name.startsWith("meter"))
  apply(one, null)
  inForce()
  const [first] = meters()
  expect(elements(first!)).toEqual(["10.9.0.1"])
  apply(two, null)
  expect(meters()).toEqual([first])
  expect(elements(first!)).toEqual(["10.9.0.1"])
  const other = rules("11", { limit: { count: 20, unit: "hour" } })
  apply(other, 60)
  const [kept, fresh] = meters()
  expect([kept, elements(fresh!)]).toEqual([first, []])
  load(renderConfirm(running()!))
  expect(meters()).toEqual([fresh])
  apply(one, 60)
  load(renderRollback(running()!))
  expect(meters()).toEqual([fresh])
})

test("foreign tables stay byte for byte, and a broken transaction changes nothing", () => {
  load(`table inet other { set trial { type nf_proto; }
    chain input.a { type filter hook input priority 5; policy accept; ip saddr 192.0.2.9 counter drop comment "gate: trial" }
  }
  table ip floodwall-not-ours { chain c { type filter hook input priority 6; } }`)
  const foreign = listing()
  apply(one, 60)
  load(renderConfirm(running()!))
  load(renderPause(running()!, 5))
  load(renderResume(running()!))
  apply(two, 60)
  load(renderRollback(running()!))
  expect(listing()).toContain(foreign)
  const ours = listing()
  expect(load(`${renderApply(two, running(), null).text}\nadd rule inet floodwall nowhere drop\n`)).toContain(
    "No such file",
  )
  expect(listing()).toBe(ours)
  expect(inForce()).toBe("one")
  expect(load(renderRemove(running()!))).toBe("")
  expect(listing()).toBe(foreign)
  expect(running()).toBeNull()
})

test("a table more or less: both generations have the tables that they name", async () => {
  const key: ExpressionNode = ip("daddr")
  const netdev = (host: string): Ruleset["tables"][number] => ({
    family: "netdev",
    name: "floodwall",
    sets: [],
    chains: [
      {
        name: "arriving",
        base: { type: "filter", hook: "ingress", priority: 0, policy: "accept", devices: ["wan0"] },
        rules: [{ steps: [is(key, address(host)), counter, drop], origin }],
      },
    ],
  })
  const withTable: Ruleset = { tables: [...one.tables, netdev("10.9.0.12")] }
  apply(withTable, null)
  expect(inForce()).toBe("xxx.")
  apply(two, 1)
  expect(inForce()).toBe("two")
  await seconds(1.1)
  expect(inForce()).toBe("xxx.")
  load(renderRollback(running()!))
  expect(inForce()).toBe("xxx.")
  apply(two, 60)
  expect(load(renderConfirm(running()!))).toBe("")
  expect(listing()).not.toContain("netdev")
  apply(withTable, 60)
  expect(inForce()).toBe("xxx.")
  expect(load(renderRollback(running()!))).toBe("")
  expect(listing()).not.toContain("netdev")
  expect(inForce()).toBe("two")
})

test("packets in flight see one generation or the other, never none, while rules are replaced", () => {
  // 10.9.0.11 is dropped by both: not one of the pings sent during fifteen applies may be answered.
  apply(rules("11", { bans: ["10.9.0.12"] }), null)
  const flood = outside.spawn("ping", ["-f", "-c", "20000", "-q", "10.9.0.11"])
  let output = ""
  flood.stdout?.on("data", (chunk) => (output += chunk))
  for (let round = 0; round < 15; round++) apply(rules("11", { bans: [`10.9.1.${round}`] }), null)
  flood.kill("SIGINT")
  return new Promise<void>((resolve) =>
    flood.on("close", () => {
      expect(output).toMatch(/[1-9]\d+ packets transmitted, 0 received/)
      resolve()
    }),
  )
})

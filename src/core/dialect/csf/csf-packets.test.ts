import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { readIptables } from "../../backend/iptables/read.js"
import { printDiagnostic } from "../../base/diagnostic.js"
import type { Engine } from "../../engine/engine.js"
import { engineOf, judgeScript } from "../../engine/engine-fixture.js"
import { compilePolicy } from "../../policy/compile.js"
import { loadPolicy } from "../../policy/load.js"
import type { Ruleset } from "../../ruleset/ruleset.js"
import { printDraft } from "../draft.js"
import type { Imported } from "../imported.js"
import { environment, importFiles } from "./csf-fixture.js"

/** The imported policy and CSF's own rules, side by side over the same packets. */

interface Sides {
  readonly imported: Imported
  readonly csf: () => Engine
  readonly ours: () => Engine
}

function sidesOf(conf: string, exact: boolean, lists: Readonly<Record<string, string>> = {}): Sides {
  const imported = importFiles({ "csf.conf": conf, ...lists }, exact)
  const text = printDraft(imported.policy, imported.items, "from CSF")
  const { policy, diagnostics } = loadPolicy({ path: "policy.yaml", text }, environment)
  if (!policy) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  const ours = compilePolicy(policy, environment.host).ruleset
  const rules = imported.ownerRules?.()
  if (!rules) throw new Error("CSF's rules are not known")
  const tables = (
    [
      [rules.ipv4, 4],
      [rules.ipv6, 6],
    ] as const
  ).flatMap(([saved, family]) => {
    if (saved === "") return []
    const read = readIptables({ path: "csf", text: saved }, family)
    expect(read.diagnostics.map(printDiagnostic)).toEqual([])
    return read.ruleset.tables
  })
  const csf: Ruleset = { tables }
  return { imported, csf: () => engineOf(csf), ours: () => engineOf(ours) }
}

/** `.` for each packet that is let in, `x` for each that is dropped or rejected. */
function verdicts(engine: Engine, script: string, path: "input" | "output" = "input"): string {
  return judgeScript(engine, script, path)
    .map((line) => (line.startsWith("accept") ? "." : "x"))
    .join("")
}

function both(conf: string, script: string, exact: boolean, lists: Readonly<Record<string, string>> = {}) {
  const { csf, ours } = sidesOf(conf, exact, lists)
  return { csf: verdicts(csf(), script), ours: verdicts(ours(), script) }
}

const burst = (count: number, port: number, every = "100ms") =>
  `203.0.113.1:40000++ > 10.0.0.1:${port} S repeat ${count} every ${every}`

const attempts = (port: number, ...gaps: number[]) =>
  gaps.map((gap, index) => `+${gap} 203.0.113.1:${40_000 + index} > 10.0.0.1:${port} S`).join("\n")

describe("PORTFLOOD", () => {
  test("the manual's 5 pass by default, CSF's 4 under exact", () => {
    const conf = 'PORTFLOOD = "22;tcp;5;5"'
    expect(both(conf, burst(8, 22), false)).toEqual({ csf: "....xxxx", ours: ".....xxx" })
    expect(both(conf, burst(8, 22), true)).toEqual({ csf: "....xxxx", ours: "....xxxx" })
  })

  test("other ports and other sources have counts of their own", () => {
    const conf = 'PORTFLOOD = "22;tcp;3;60,53;udp;4;60"'
    const script = `${burst(4, 22)}\n${burst(4, 80)}\n203.0.113.2:5000 > 10.0.0.1:22 S\n203.0.113.1:6000++ > 10.0.0.1:53 udp repeat 5`
    expect(both(conf, script, true)).toEqual({ csf: "..xx........xx", ours: "..xx........xx" })
  })

  test("a burst, silence, and in again: alike under exact", () => {
    const script = attempts(22, 0, 0, 0, 0, 0, 0, 3, 5.1, 0.1)
    expect(both('PORTFLOOD = "22;tcp;5;5"', script, true)).toEqual({ csf: "....xxx..", ours: "....xxx.." })
  })

  test("who was dropped and tries slowly gets in again with CSF and under exact, and not by default", () => {
    const conf = 'PORTFLOOD = "22;tcp;5;5"'
    const script = attempts(22, 0, 0, 0, 0, 0, 2.6, 2.6, 2.6, 2.6)
    expect(both(conf, script, true)).toEqual({ csf: "....xx...", ours: "....xx..." })
    expect(both(conf, script, false)).toEqual({ csf: "....xx...", ours: "....." + "xxxx" })
  })

  test("where two windows meet twice as many pass by default", () => {
    const conf = 'PORTFLOOD = "22;tcp;5;5"'
    const script = attempts(22, 0, 4.8, 0, 0, 0.3, 0, 0, 0)
    expect(both(conf, script, true)).toEqual({ csf: ".....xxx", ours: ".....xxx" })
    expect(both(conf, script, false)).toEqual({ csf: ".....xxx", ours: "........" })
  })

  test("a range has one count", () => {
    const script = [20, 25, 30, 31].map((port) => `203.0.113.1:4000 > 10.0.0.1:${port} S`).join("\n")
    expect(both('PORTFLOOD = "20:30;tcp;3;60"', script, true)).toEqual({ csf: "..x.", ours: "..x." })
  })

  test("tcp and udp of one port count for each other with CSF; here apart, and together under exact", () => {
    const script =
      "203.0.113.1:6000++ > 10.0.0.1:53 udp repeat 3\n203.0.113.1:7000++ > 10.0.0.1:53 S repeat 3"
    const conf = 'PORTFLOOD = "53;udp;5;60,53;tcp;5;60"'
    expect(both(conf, script, false)).toEqual({ csf: "....xx", ours: "......" })
    expect(both(conf, script, true)).toEqual({ csf: "....xx", ours: "....xx" })
  })

  test("two items of one port let two pass, under exact here as well", () => {
    const conf = 'PORTFLOOD = "22;tcp;5;60,22;tcp;5;60"'
    expect(both(conf, burst(5, 22), true)).toEqual({ csf: "..xxx", ours: "..xxx" })
  })

  test("a mistake leaves everything open with CSF, and the rest closed here", () => {
    const conf = 'TCP_IN = "22"\nPORTFLOOD = "22;tcp;3;60,80;TCP;5;60"'
    expect(both(conf, `${burst(5, 22)}\n${burst(2, 80)}`, false)).toEqual({ csf: ".......", ours: "...xxxx" })
  })

  test("what is skipped limits nothing on either side", () => {
    expect(both('PORTFLOOD = "22;tcp;21;60"', burst(40, 22), false)).toEqual({
      csf: ".".repeat(40),
      ours: ".".repeat(40),
    })
  })

  test.each([2, 3, 4, 5, 12, 20])("exact: a count of %i, whoever tries when and where", (count) => {
    const { csf, ours, imported } = sidesOf(`PORTFLOOD = "22;tcp;${count};5,80;tcp;${count};5"`, true)
    expect(imported.items.map(({ relation }) => relation)).toEqual(["stricter", "stricter"])
    const tries = fc.array(
      fc.tuple(
        fc.integer({ min: 0, max: 7 }),
        fc.integer({ min: 1, max: 2 }),
        fc.constantFrom(22, 22, 22, 80, 443),
      ),
      { minLength: 2 * count, maxLength: 8 * count },
    )
    let [dropped, passed] = [0, 0]
    fc.assert(
      fc.property(tries, (all) => {
        // No sum of such gaps is five seconds: at the border itself the kernel counts in jiffies.
        const script = all
          .map(
            ([gap, host, port], index) =>
              `+${(gap * 370) / count}ms 203.0.113.${host}:${4000 + index} > 10.0.0.1:${port} S`,
          )
          .join("\n")
        const expected = verdicts(csf(), script)
        expect(verdicts(ours(), script)).toBe(expected)
        dropped += expected.split("x").length - 1
        passed += expected.split(".").length - 1
      }),
      { numRuns: 25 },
    )
    expect([dropped > 20, passed > 20]).toEqual([true, true])
  })

  test("the hundred-and-first source makes CSF forget, and not Floodwall, as is said", () => {
    const { imported } = sidesOf('PORTFLOOD = "22;tcp;2;300"', true)
    expect(imported.items[0]?.why).toMatch(/room for 100/)
    const others = Array.from({ length: 100 }, (_, host) => `198.51.100.${host}:4000 > 10.0.0.1:22 S`)
    const script = [burst(2, 22), ...others, burst(1, 22)].join("\n")
    const passed = ".".repeat(100)
    expect(both('PORTFLOOD = "22;tcp;2;300"', script, true)).toEqual({
      csf: `.x${passed}.`,
      ours: `.x${passed}x`,
    })
  })
})

describe("open", () => {
  const conf = 'TCP_IN = "22,8000:8100"\nUDP_IN = "53"'
  test("ports that are not listed are closed, of both IP versions where CSF has both", () => {
    const script = [22, 23, 7999, 8000, 8100, 8101]
      .map((port) => `203.0.113.1:4000 > 10.0.0.1:${port} S`)
      .concat([53, 54].map((port) => `203.0.113.1:4000 > 10.0.0.1:${port} udp`))
      .join("\n")
    expect(both(conf, script, false)).toEqual({ csf: ".xx..x.x", ours: ".xx..x.x" })
    const six = '\nIPV6 = "1"\nTCP6_IN = "22,8000:8100"\nUDP6_IN = "53"'
    const script6 = script
      .replaceAll("203.0.113.1:", "[2001:db8::9]:")
      .replaceAll(/10\.0\.0\.1:/g, "[2001:db8::1]:")
    expect(both(conf + six, script6, false)).toEqual({ csf: ".xx..x.x", ours: ".xx..x.x" })
  })

  test("IPv6 is open with CSF where IPV6 is 0, closed here, and open under exact", () => {
    const script = "[2001:db8::9]:4000 > [2001:db8::1]:23 S"
    const off = `${conf}\nIPV6 = "0"`
    expect(both(off, script, false)).toEqual({ csf: ".", ours: "x" })
    expect(both(off, script, true)).toEqual({ csf: ".", ours: "." })
  })

  test("answers come in, and pings do", () => {
    const script = `203.0.113.1:4000 > 10.0.0.1:22 S
out eth0 10.0.0.1:22 > 203.0.113.1:4000 S. ack 1
203.0.113.1:4000 > 10.0.0.1:22 . seq 1 ack 1
203.0.113.1 > 10.0.0.1 icmp echo-request id 1 seq 1`
    const { csf, ours } = sidesOf(conf, false)
    const way = (engine: Engine) => judgeScript(engine, script).map((line) => line.split(" ")[0])
    expect(way(csf())).toEqual(["accept", "accept", "accept", "accept"])
    expect(way(ours())).toEqual(way(csf()))
  })

  test("timestamps pass CSF and not open, as is said", () => {
    const script = "203.0.113.1 > 10.0.0.1 icmp type 13 code 0"
    expect(both(conf, script, false)).toEqual({ csf: ".", ours: "x" })
    expect(both(`${conf}\nICMP_TIMESTAMPDROP = "1"`, script, false)).toEqual({ csf: "x", ours: "x" })
  })
})

describe("lists", () => {
  const conf = 'TCP_IN = "22"\nUDP_IN = ""'
  const lists = {
    "csf.allow": "192.0.2.7\ntcp|in|d=8080|s=198.51.100.0/24\n",
    "csf.deny": "203.0.113.9\n192.0.2.0/24\n",
  }
  test("who is allowed is past everything, who is denied is not, and allowing goes first", () => {
    const script = [
      "192.0.2.7:1 > 10.0.0.1:23 S",
      "192.0.2.8:1 > 10.0.0.1:22 S",
      "203.0.113.9:1 > 10.0.0.1:22 S",
      "203.0.113.8:1 > 10.0.0.1:22 S",
      "198.51.100.9:1 > 10.0.0.1:8080 S",
      "198.51.100.9:1 > 10.0.0.1:8081 S",
    ].join("\n")
    expect(both(conf, script, false, lists)).toEqual({ csf: ".xx..x", ours: ".xx..x" })
  })

  test("a port for somebody is open to them, and looked at; who is denied as well is past it, and so is everybody under --exact", () => {
    const script = ["198.51.100.9:1 > 10.0.0.1:8080 S", "198.51.100.9:2 > 10.0.0.1:8080 FPU"].join("\n")
    const filtered = `${conf}\nPACKET_FILTER = "1"`
    expect(both(filtered, script, false, lists)).toEqual({ csf: "..", ours: ".x" })
    expect(both(filtered, script, true, lists)).toEqual({ csf: "..", ours: ".." })
    const denied = { ...lists, "csf.deny": "198.51.100.9\n" }
    expect(both(filtered, script, false, denied)).toEqual({ csf: "..", ours: ".." })
  })

  test("on the way out, too", () => {
    const { csf, ours } = sidesOf(conf, false, lists)
    const script = "out eth0 10.0.0.1:1 > 203.0.113.9:80 S\nout eth0 10.0.0.1:1 > 203.0.113.8:80 S"
    expect([verdicts(csf(), script, "output"), verdicts(ours(), script, "output")]).toEqual(["x.", "x."])
  })
})

describe("floods", () => {
  const many = (word: string) =>
    Array.from(
      { length: 40 },
      (_, index) => `+20ms 203.0.113.${index % 4}${word.replace("PORT", `${4000 + index}`)}`,
    ).join("\n")

  test("SYNFLOOD: everybody together with CSF and under exact, each source by default", () => {
    const conf = 'SYNFLOOD = "1"\nSYNFLOOD_RATE = "10/s"\nSYNFLOOD_BURST = "8"'
    const script = many(":PORT > 10.0.0.1:80 S")
    const exact = both(conf, script, true)
    expect(exact.ours).toBe(exact.csf)
    expect(exact.csf.split("x").length - 1).toBeGreaterThan(20)
    expect(both(conf, script, false).ours).toBe(".".repeat(40))
  })

  test("ICMP_IN_RATE: the same, and other ICMP is not limited", () => {
    const conf = 'ICMP_IN_RATE = "2/s"'
    const script = many(" > 10.0.0.1 icmp echo-request id 1 seq PORT")
    const exact = both(conf, script, true)
    expect(exact.ours).toBe(exact.csf)
    expect(exact.csf.split("x").length - 1).toBeGreaterThan(30)
    expect(both(conf, many(" > 10.0.0.1 icmp type 13 code 0"), true)).toEqual({
      csf: ".".repeat(40),
      ours: ".".repeat(40),
    })
    // Four sources with five each to begin with, and two more a second.
    expect(both(conf, script, false).ours.split(".").length - 1).toBeGreaterThan(20)
  })

  test("CONNLIMIT: so many at a time, half-open ones too; CSF answers, Floodwall does not", () => {
    const { csf, ours } = sidesOf('CONNLIMIT = "22;3,80;2"', false)
    const script = `${burst(5, 22)}\n${burst(4, 80)}`
    const words = (engine: Engine) => judgeScript(engine, script).map((line) => line.split(" ")[0])
    const expected = (no: string) => ["accept", "accept", "accept", no, no, "accept", "accept", no, no]
    expect(words(csf())).toEqual(expected("reject"))
    expect(words(ours())).toEqual(expected("drop"))
  })
})

test("PACKET_FILTER, exact: all flags, to a new connection and inside one", () => {
  const { csf, ours, imported } = sidesOf('PACKET_FILTER = "1"', true)
  expect(imported.items.map(({ relation }) => relation)).toEqual(["same"])
  const letters = ["F", "S", "R", "P", ".", "U"]
  const all = Array.from(
    { length: 64 },
    (_, bits) => letters.filter((_letter, bit) => bits & (1 << bit)).join("") || "none",
  )
  const opening = `203.0.113.1:4000 > 10.0.0.1:22 S seq 100
out eth0 10.0.0.1:22 > 203.0.113.1:4000 S. seq 500 ack 101
203.0.113.1:4000 > 10.0.0.1:22 . seq 101 ack 501`
  const fresh = all.map((flags, index) => `198.51.100.${index + 1}:4000 > 10.0.0.1:22 ${flags}`).join("\n")
  const expected = verdicts(csf(), fresh)
  expect(verdicts(ours(), fresh)).toBe(expected)
  expect(expected.split(".").length - 1).toBe(1)
  for (const flags of all) {
    const script = `${opening}\n203.0.113.1:4000 > 10.0.0.1:22 ${flags} seq 101 ack 501\n203.0.113.2 > 10.0.0.1 icmp echo-reply id 1 seq 1`
    expect([flags, verdicts(ours(), script)]).toEqual([flags, verdicts(csf(), script)])
  }
  const malformedOut =
    "out eth0 10.0.0.1:22 > 203.0.113.1:4000 FPU\nout eth0 10.0.0.1:23 > 203.0.113.1:4000 S"
  expect([csf, ours].map((engine) => verdicts(engine(), malformedOut, "output"))).toEqual(["x.", "x."])
})

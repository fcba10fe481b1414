import { expect, test } from "vitest"
import { ACK, FIN, RST, SYN } from "../../src/core/packet/packet.js"
import { add, ctCountOver, drop, equal, hasAny, ip, tcp } from "../../src/core/ruleset/build.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"
import { compare } from "../../src/linux/demo/agreement.js"
import { ActWriter, Numbers, worlds } from "../../src/linux/demo/traffic/act.js"
import { TcpSession } from "../../src/linux/demo/traffic/tcp-session.js"
import { createReferee } from "../../src/linux/host/namespace/referee.js"
import { compared, describe, differences } from "./support/agree.js"
import { needsKernel } from "./support/kernel-test.js"
import { Chance } from "./support/random-segments.js"
import { undisturbed } from "./support/undisturbed.js"

const origin = { span: { file: "test", line: 1, column: 1 }, text: "test" }

const forms = {
  "for all packets together": {
    nft: "tcp dport 80 tcp flags & (syn|ack) != 0 ct count over 6 drop",
    sets: "",
    steps: [equal(tcp("dport"), 80), hasAny(tcp("flags"), SYN | ACK), ctCountOver(6), drop],
    declared: [],
  },
  "for each source": {
    nft: "tcp dport 80 add @counted { ip saddr ct count over 3 } drop",
    sets: "set counted {\n type ipv4_addr\n size 100\n flags dynamic\n }",
    steps: [equal(tcp("dport"), 80), add("counted", ip("saddr"), {}, ctCountOver(3)), drop],
    declared: [{ name: "counted", key: ["ipv4_addr" as const], flags: ["dynamic" as const], size: 100 }],
  },
}

const world = worlds[0]!

for (const [name, form] of Object.entries(forms))
  test(`connections counted ${name}: opened, used, closed and reset at random, both let the same pass`, (context) => {
    needsKernel(context)
    const chance = new Chance(7)
    const writer = new ActWriter(new Numbers())
    const open: TcpSession[] = []
    for (let step = 0; step < 160; step++) {
      const session = open[chance.below(open.length + 1)]
      if (session === undefined || chance.below(3) === 0) {
        const opened = new TcpSession(
          writer,
          { side: "outside", address: world.outside(chance.below(3)), port: 10_000 + step },
          { side: "inside", address: world.inside, port: 80 },
        )
        open.push(
          opened
            .segment("client", SYN)
            .segment("server", SYN | ACK)
            .segment("client", ACK),
        )
        continue
      }
      const end = chance.below(4)
      if (end === 0) session.segment("client", RST | ACK)
      else if (end === 1)
        session
          .segment("server", FIN | ACK)
          .segment("client", FIN | ACK)
          .segment("server", ACK)
      else session.segment("client", ACK, 10)
      if (end < 2) open.splice(open.indexOf(session), 1)
    }
    // Three ticks of the kernel's clock apart: it lets its lists alone within a tick, and spares what another processor added within two.
    const arrivals = undisturbed({ least: 11 }, (laboratory) => {
      laboratory.firewall.nft(
        `table inet counting {\n ${form.sets}\n chain forward {\n type filter hook forward priority 0\n ${form.nft}\n }\n}\n`,
      )
      const referee = createReferee(laboratory)
      for (const { side, bytes } of writer.frames) {
        laboratory[side].sender("eth0").send([{ at: 0, bytes }])
        const until = performance.now() + 14
        while (performance.now() < until) referee.poll()
      }
      return referee.finish()
    })
    const ruleset: Ruleset = {
      tables: [
        {
          family: "inet",
          name: "counting",
          sets: form.declared,
          chains: [
            {
              name: "forward",
              base: { type: "filter", hook: "forward", priority: 0, policy: "accept" },
              rules: [{ steps: form.steps, origin }],
            },
          ],
        },
      ],
    }
    const { comparisons, diagnostics } = compare(ruleset, arrivals)
    expect(diagnostics).toEqual([])
    expect(differences(comparisons)).toEqual([])
    // The kernel had a way for all of them: what no later hook saw was dropped.
    const others = comparisons.filter(({ kernel, through }) => (kernel === "through") !== through)
    expect(others.map(describe)).toEqual([])
    expect(compared(comparisons)).toBe(writer.frames.length)
    const dropped = comparisons.filter(({ engine }) => engine.verdict === "drop").length
    expect(dropped).toBeGreaterThan(20)
    expect(dropped).toBeLessThan(writer.frames.length * 0.8)
  })

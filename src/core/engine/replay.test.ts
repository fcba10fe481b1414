import { expect, test } from "vitest"
import { parseAddress } from "../base/address.js"
import { isPrefix, parsePrefix } from "../base/prefix.js"
import { CaptureRecord } from "../packet/capture-record.js"
import { parseScript } from "../packet/script.js"
import {
  add,
  ctStateIn,
  drop,
  equal,
  iifname,
  ip,
  limitOver,
  oifname,
  tcp,
  update,
} from "../ruleset/build.js"
import type { Ruleset } from "../ruleset/ruleset.js"
import { chain, rule, table } from "./engine-fixture.js"
import { createReplay, type Replay, type ReplayOptions } from "./replay.js"

const begin = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000

function replayOf(ruleset: Ruleset, options: Partial<ReplayOptions> = {}): Replay {
  const { replay, diagnostics } = createReplay(ruleset, { random: () => 0, ...options })
  if (replay === null) throw new Error(diagnostics.map(({ message }) => message).join("; "))
  return replay
}

/** Feeds a script; `in` and `out` in a line become the capture's direction. */
function feed(replay: Replay, script: string): string[] {
  return parseScript(script.trim(), "script").packets.map(
    ({ bytes, linkType, time, inputInterface, outputInterface }) => {
      const record = new CaptureRecord()
      record.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      record.captured = bytes.length
      record.wire = bytes.length
      record.linkType = linkType
      record.seconds = begin + Math.floor(time / 1e9)
      record.nanoseconds = time % 1e9
      record.direction = inputInterface !== "" ? 1 : outputInterface !== "" ? 2 : 0
      replay.feed(record, inputInterface || outputInterface)
      return JSON.stringify(replay.line())
    },
  )
}

function network(text: string) {
  const prefix = parsePrefix(text)
  if (!isPrefix(prefix)) throw new Error(text)
  return prefix
}

test("a line is the contract's: time in microseconds, rule with its origin, ct state, why", () => {
  const replay = replayOf(table([chain("pre", "prerouting", -150, [rule(ctStateIn("invalid"), drop)])]))
  expect(
    feed(
      replay,
      `
10.0.0.9:40000 > 10.0.0.1:22 S
+0.000001 10.0.0.9:40001 > 10.0.0.1:22 FPU
+1.5 arp who-has 10.0.0.1 tell 10.0.0.9
`,
    ),
  ).toMatchInlineSnapshot(`
    [
      "{"n":1,"time":"2026-01-02T03:04:05.000000Z","verdict":"accept","rule":null,"ctstate":"new"}",
      "{"n":2,"time":"2026-01-02T03:04:05.000001Z","verdict":"drop","rule":{"table":"t","chain":"pre","index":0,"origin":{"file":"test","line":1,"text":"compare verdict"}},"ctstate":"invalid","why":"tcp-flags"}",
      "{"n":3,"time":"2026-01-02T03:04:06.500001Z","verdict":"none","rule":null,"ctstate":null,"why":"arp"}",
    ]
  `)
})

test("a packet's way: to a local address, from one, to another host; interfaces by network", () => {
  const said = (hook: "input" | "forward" | "output" | "postrouting") =>
    chain(hook, hook, 0, [
      rule(equal(tcp("dport"), 1), iifname("lan"), drop),
      rule(equal(tcp("dport"), 2), oifname("lan"), drop),
      rule(equal(tcp("dport"), 3), drop),
    ])
  const ruleset = table([said("input"), said("forward"), said("output"), said("postrouting")])
  const options = {
    interfaces: [
      { name: "lan", networks: [network("10.0.0.0/8")] },
      { name: "wan", networks: ["default" as const] },
    ],
    local: [parseAddress("10.0.0.1")!],
  }
  const lines = feed(
    replayOf(ruleset, options),
    `
10.0.0.9:9 > 10.0.0.1:1 S
192.0.2.9:9 > 10.0.0.1:1 S
10.0.0.9:9 > 192.0.2.1:1 S
10.0.0.1:9 > 10.0.0.9:2 S
192.0.2.9:9 > 10.0.0.9:2 S
10.0.0.1:9 > 192.0.2.9:2 S
192.0.2.9:9 > 10.255.255.255:3 S
10.0.0.9:9 > 255.255.255.255:3 S
`,
  ).map((line) => JSON.parse(line) as { verdict: string; rule: { chain: string; index: number } | null })
  expect(lines.map(({ verdict, rule: by }) => `${verdict} ${by ? `${by.chain}:${by.index}` : "-"}`)).toEqual([
    "drop input:0",
    "accept -",
    "drop forward:0",
    "drop output:1",
    "drop forward:1",
    "accept -",
    "drop input:2",
    "drop input:2",
  ])
})

test("no host sends from loopback to elsewhere: such a packet arrived, and routing refuses it", () => {
  const options = { local: [parseAddress("10.0.0.1")!, parseAddress("fd00::1")!] }
  const lines = feed(
    replayOf(table([chain("out", "output", 0, [rule(drop)])]), options),
    `
127.0.0.1:9 > 10.0.0.9:1 udp
127.0.0.1:9 > 10.0.0.1:1 udp
[::1]:9 > [fd00::9]:1 udp
10.0.0.1:9 > 10.0.0.9:1 udp
`,
  ).map((line) => JSON.parse(line) as { verdict: string; rule: { chain: string } | null; why?: string })
  expect(lines.map(({ verdict, rule: by, why }) => `${verdict} ${by?.chain ?? why}`)).toEqual([
    "drop martian",
    "drop martian",
    "none ipv6-loopback-source",
    "drop out",
  ])
})

test("a capture of all interfaces holds a forwarded packet twice: the second sight is left out", () => {
  const replay = replayOf(table([chain("pre", "prerouting", -150, [rule(ctStateIn("invalid"), drop)])]))
  const lines = feed(
    replay,
    `
in eth0 10.0.0.9:40000 > 10.1.0.1:22 S seq 5 ttl 64
+0.0001 out eth1 10.0.0.9:40000 > 10.1.0.1:22 S seq 5 ttl 63
+0.01 out eth0 10.0.0.1:22 > 10.0.0.9:40001 S seq 7
`,
  ).map((line) => JSON.parse(line) as { verdict: string; why?: string })
  expect(lines.map(({ verdict, why }) => `${verdict} ${why ?? ""}`)).toEqual([
    "accept ",
    "none duplicate",
    "accept ",
  ])
})

test("the summary counts, and says who would have been listed and until when", () => {
  const replay = replayOf(
    table(
      [
        chain("in", "input", 0, [
          rule(
            update("meters", ip("saddr"), {}, limitOver({ count: 1, unit: "minute" }, 2)),
            add("blocked", ip("saddr"), { timeout: 600e9 }),
            drop,
          ),
        ]),
      ],
      [
        { name: "blocked", key: ["ipv4_addr"], flags: ["timeout", "dynamic"], size: 8, keeps: "ledger" },
        { name: "meters", key: ["ipv4_addr"], flags: ["dynamic"], size: 8, keeps: "limiter" },
      ],
    ),
  )
  feed(replay, "10.0.0.9:9 > 10.0.0.1:1 S repeat 5 every 100ms\n10.0.0.8:9 > 10.0.0.1:1 S")
  const { blocked, verdicts, sources, mostFrequent, rules, packets } = replay.summary()
  expect({
    packets,
    verdicts,
    sources,
    mostFrequent,
    blocked,
    rules: rules.map(({ packets: count }) => count),
  }).toMatchInlineSnapshot(`
    {
      "blocked": [
        {
          "protection": null,
          "rule": "set-update set-update verdict",
          "set": "blocked",
          "source": "10.0.0.9",
          "time": "2026-01-02T03:04:05.200000Z",
          "until": "2026-01-02T03:14:05.200000Z",
        },
      ],
      "mostFrequent": {
        "address": "10.0.0.1",
        "share": 1,
      },
      "packets": 6,
      "rules": [
        3,
      ],
      "sources": [
        {
          "packets": 3,
          "source": "10.0.0.9",
        },
      ],
      "verdicts": {
        "absorbed": 0,
        "accept": 3,
        "drop": 3,
        "none": 0,
        "reject": 0,
      },
    }
  `)
})

test("the most frequent address is a host's: neither multicast, broadcast nor unspecified", () => {
  const replay = replayOf({ tables: [] })
  feed(
    replay,
    `0.0.0.0:68 > 255.255.255.255:67 udp repeat 3
     192.0.2.9:5353 > 224.0.0.251:5353 udp repeat 2
     [::]:1 > [ff02::1]:2 udp repeat 3`,
  )
  expect(replay.summary().mostFrequent).toEqual({ address: "192.0.2.9", share: 2 / 8 })
})

/** Where it differs from the kernel (docs/model-gaps.md): there a rule's reset leaves by output, whomever it speaks for. */
test("a reset that a gateway sent in a server's name is taken for one of the server's, and goes through forward", () => {
  const interfaces = [
    { name: "wan", networks: ["default" as const] },
    { name: "lan", networks: [network("198.51.100.0/24")] },
  ]
  const replay = replayOf(
    table([
      chain("through", "forward", 0, [rule(equal(tcp("sport"), 80), drop)]),
      chain("out", "output", 0, []),
    ]),
    { interfaces, local: [parseAddress("192.0.2.1")!] },
  )
  const lines = feed(replay, "out wan 198.51.100.80:80 > 203.0.113.9:1000 tcp R")
  expect(lines.map((line) => (JSON.parse(line) as { verdict: string }).verdict)).toEqual(["drop"])
})

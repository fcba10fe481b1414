import { expect, test } from "vitest"
import {
  accept,
  add,
  ct,
  ctStateIn,
  drop,
  equal,
  goto,
  inSet,
  ip,
  is,
  jump,
  l4proto,
  limit,
  limitOver,
  returnVerdict,
  tcp,
  update,
  vmap,
} from "../ruleset/build.js"
import { createEngine } from "./engine.js"
import { chain, engineOf, judgeScript, rule, table } from "./engine-fixture.js"

const dropInvalid = rule(ctStateIn("invalid"), drop)

test("a connection is new, established both ways, and invalid packets are dropped", () => {
  const engine = engineOf(table([chain("pre", "prerouting", -150, [dropInvalid])]))
  expect(
    judgeScript(
      engine,
      `
10.0.0.9:40000 > 10.0.0.1:22 S seq 100 win 64240
+0.01 10.0.0.1:22 > 10.0.0.9:40000 S. seq 500 ack 101 win 65160
+0.01 10.0.0.9:40000 > 10.0.0.1:22 . seq 101 ack 501 win 64240
+0.01 10.0.0.9:40000 > 10.0.0.1:22 P. seq 101 ack 501 win 64240 len 10
+0.01 10.0.0.9:40000 > 10.0.0.1:22 P. seq 4000000 ack 501 win 64240 len 10
+0.01 10.0.0.9:40001 > 10.0.0.1:22 FPU seq 1
+0.01 10.0.0.9:5000 > 10.0.0.1:53 udp len 20
+0.01 10.0.0.1:53 > 10.0.0.9:5000 udp len 20
+0.01 10.0.0.9 > 10.0.0.1 icmp echo-request id 7 seq 1
+0.01 10.0.0.1 > 10.0.0.9 icmp echo-reply id 7 seq 1
+0.01 10.0.0.1 > 10.0.0.9 icmp echo-reply id 8 seq 1
+0.01 10.0.0.1 > 10.0.0.9 icmp port-unreachable quote (10.0.0.9:5000 > 10.0.0.1:53 udp len 40)
+0.01 10.0.0.1 > 10.0.0.9 icmp port-unreachable quote (10.0.0.9:5001 > 10.0.0.1:53 udp len 40)
`,
    ),
  ).toMatchInlineSnapshot(`
    [
      "accept new               10.0.0.9:40000 > 10.0.0.1:22 S seq 100 win 64240",
      "accept established       +0.01 10.0.0.1:22 > 10.0.0.9:40000 S. seq 500 ack 101 win 65160",
      "accept established       +0.01 10.0.0.9:40000 > 10.0.0.1:22 . seq 101 ack 501 win 64240",
      "accept established       +0.01 10.0.0.9:40000 > 10.0.0.1:22 P. seq 101 ack 501 win 64240 len 10",
      "drop invalid pre:0 tcp-seq-over +0.01 10.0.0.9:40000 > 10.0.0.1:22 P. seq 4000000 ack 501 win 64240 len 10",
      "drop invalid pre:0 tcp-flags +0.01 10.0.0.9:40001 > 10.0.0.1:22 FPU seq 1",
      "accept new               +0.01 10.0.0.9:5000 > 10.0.0.1:53 udp len 20",
      "accept established       +0.01 10.0.0.1:53 > 10.0.0.9:5000 udp len 20",
      "accept new               +0.01 10.0.0.9 > 10.0.0.1 icmp echo-request id 7 seq 1",
      "accept established       +0.01 10.0.0.1 > 10.0.0.9 icmp echo-reply id 7 seq 1",
      "drop invalid pre:0 icmp-not-a-start +0.01 10.0.0.1 > 10.0.0.9 icmp echo-reply id 8 seq 1",
      "accept related           +0.01 10.0.0.1 > 10.0.0.9 icmp port-unreachable quote (10.0.0.9:5000 > 10.0.0.1:53 udp len 40)",
      "drop invalid pre:0 icmp-unknown +0.01 10.0.0.1 > 10.0.0.9 icmp port-unreachable quote (10.0.0.9:5001 > 10.0.0.1:53 udp len 40)",
    ]
  `)
})

test("a drop leaves no connection, an accept does", () => {
  const engine = engineOf(
    table([
      chain("in", "input", 0, [
        rule(is(l4proto, 6), equal(tcp("dport"), 22), ctStateIn("new", "established"), drop),
      ]),
    ]),
  )
  judgeScript(engine, "10.0.0.9:40000 > 10.0.0.1:22 S\n10.0.0.9:40000 > 10.0.0.1:23 S")
  expect(engine.conntrack.table.count).toBe(1)
})

test("accept ends its own base chain only, drop is final, the policy is the end of everything", () => {
  const engine = engineOf(
    table([
      chain("early", "input", -10, [
        rule(equal(tcp("dport"), 1), accept),
        rule(equal(tcp("dport"), 2), drop),
      ]),
      chain(
        "late",
        "input",
        10,
        [rule(equal(tcp("dport"), 1), drop), rule(equal(tcp("dport"), 3), accept)],
        "drop",
      ),
    ]),
  )
  expect(
    judgeScript(engine, [1, 2, 3, 4].map((port) => `10.0.0.9:9 > 10.0.0.1:${port} S`).join("\n")),
  ).toMatchInlineSnapshot(`
    [
      "drop - late:0            10.0.0.9:9 > 10.0.0.1:1 S",
      "drop - early:1           10.0.0.9:9 > 10.0.0.1:2 S",
      "accept - late:1          10.0.0.9:9 > 10.0.0.1:3 S",
      "drop - late:policy       10.0.0.9:9 > 10.0.0.1:4 S",
    ]
  `)
})

test("jump comes back, goto does not, return goes up", () => {
  const engine = engineOf(
    table([
      chain("in", "input", 0, [
        rule(jump("a")),
        rule(equal(tcp("dport"), 1), drop),
        rule(goto("b")),
        rule(equal(tcp("dport"), 2), drop),
      ]),
      chain("a", null, 0, [rule(equal(tcp("dport"), 1), returnVerdict), rule(goto("c"))]),
      chain("b", null, 0, [rule(equal(tcp("dport"), 3), drop)]),
      chain("c", null, 0, [rule(equal(tcp("dport"), 4), drop)]),
    ]),
  )
  expect(
    judgeScript(engine, [1, 2, 3, 4, 5].map((port) => `10.0.0.9:9 > 10.0.0.1:${port} S`).join("\n")),
  ).toMatchInlineSnapshot(`
    [
      "drop - in:1              10.0.0.9:9 > 10.0.0.1:1 S",
      "accept -                 10.0.0.9:9 > 10.0.0.1:2 S",
      "drop - b:0               10.0.0.9:9 > 10.0.0.1:3 S",
      "drop - c:0               10.0.0.9:9 > 10.0.0.1:4 S",
      "accept -                 10.0.0.9:9 > 10.0.0.1:5 S",
    ]
  `)
})

test("a limit for each source, with the element's own state, and a list that times out", () => {
  const engine = engineOf(
    table(
      [
        chain("in", "input", 0, [
          rule(inSet(ip("saddr"), "blocked"), drop),
          rule(
            update("meter", ip("saddr"), {}, limitOver({ count: 1, unit: "minute" }, 2)),
            add("blocked", ip("saddr"), { timeout: 2e9 }),
          ),
        ]),
      ],
      [
        { name: "blocked", key: ["ipv4_addr"], flags: ["timeout", "dynamic"], size: 8 },
        { name: "meter", key: ["ipv4_addr"], flags: ["timeout", "dynamic"], timeout: 60e9, size: 8 },
      ],
    ),
  )
  expect(
    judgeScript(
      engine,
      `
10.0.0.9:9 > 10.0.0.1:1 S
10.0.0.9:9 > 10.0.0.1:2 S
10.0.0.8:9 > 10.0.0.1:2 S
10.0.0.9:9 > 10.0.0.1:3 S
10.0.0.9:9 > 10.0.0.1:4 S
10.0.0.8:9 > 10.0.0.1:4 S
+2.1 10.0.0.9:9 > 10.0.0.1:5 S
10.0.0.9:9 > 10.0.0.1:6 S
`,
    ),
  ).toMatchInlineSnapshot(`
    [
      "accept -                 10.0.0.9:9 > 10.0.0.1:1 S",
      "accept -                 10.0.0.9:9 > 10.0.0.1:2 S",
      "accept -                 10.0.0.8:9 > 10.0.0.1:2 S",
      "accept -                 10.0.0.9:9 > 10.0.0.1:3 S",
      "drop - in:0              10.0.0.9:9 > 10.0.0.1:4 S",
      "accept -                 10.0.0.8:9 > 10.0.0.1:4 S",
      "accept -                 +2.1 10.0.0.9:9 > 10.0.0.1:5 S",
      "drop - in:0              10.0.0.9:9 > 10.0.0.1:6 S",
    ]
  `)
})

test("a full set takes no more, and the rule does not match", () => {
  const engine = engineOf(
    table(
      [chain("in", "input", 0, [rule(add("seen", ip("saddr")), accept), rule(drop)])],
      [{ name: "seen", key: ["ipv4_addr"], flags: ["dynamic"], size: 2 }],
    ),
  )
  expect(
    judgeScript(engine, [1, 2, 3, 1].map((host) => `10.0.0.${host}:9 > 10.0.0.9:1 S`).join("\n")),
  ).toMatchInlineSnapshot(`
    [
      "accept - in:0            10.0.0.1:9 > 10.0.0.9:1 S",
      "accept - in:0            10.0.0.2:9 > 10.0.0.9:1 S",
      "drop - in:1              10.0.0.3:9 > 10.0.0.9:1 S",
      "accept - in:0            10.0.0.1:9 > 10.0.0.9:1 S",
    ]
  `)
})

test("intervals, verdict maps and rule limits", () => {
  const engine = engineOf(
    table(
      [
        chain("in", "input", 0, [
          rule(inSet(ip("saddr"), "nets"), drop),
          rule(vmap(tcp("dport"), "ports")),
          rule(limit({ count: 1, unit: "second" }, 1), accept),
          rule(drop),
        ]),
        chain("web", null, 0, [rule(accept)]),
      ],
      [
        {
          name: "nets",
          key: ["ipv4_addr"],
          flags: ["interval"],
          elements: [
            { key: { prefix: [0xc0000200], length: 24 } },
            { key: { from: [0x0a000005], to: [0x0a000007] } },
          ],
        },
        {
          name: "ports",
          key: ["inet_service"],
          data: "verdict",
          flags: [],
          elements: [
            { key: { value: [80] }, data: { step: "verdict", verdict: "jump", chain: "web" } },
            { key: { value: [23] }, data: drop },
          ],
        },
      ],
    ),
  )
  expect(
    judgeScript(
      engine,
      `
192.0.2.77:9 > 10.0.0.1:80 S
10.0.0.6:9 > 10.0.0.1:80 S
10.0.0.8:9 > 10.0.0.1:80 S
10.0.0.8:9 > 10.0.0.1:23 S
10.0.0.8:9 > 10.0.0.1:24 S
10.0.0.8:9 > 10.0.0.1:24 S
`,
    ),
  ).toMatchInlineSnapshot(`
    [
      "drop - in:0              192.0.2.77:9 > 10.0.0.1:80 S",
      "drop - in:0              10.0.0.6:9 > 10.0.0.1:80 S",
      "accept - web:0           10.0.0.8:9 > 10.0.0.1:80 S",
      "drop - in:1              10.0.0.8:9 > 10.0.0.1:23 S",
      "accept - in:2            10.0.0.8:9 > 10.0.0.1:24 S",
      "drop - in:3              10.0.0.8:9 > 10.0.0.1:24 S",
    ]
  `)
})

test("fragments are absorbed, and the last one goes on as the whole datagram", () => {
  const engine = engineOf(table([chain("pre", "prerouting", -150, [dropInvalid])]))
  expect(
    judgeScript(
      engine,
      `
10.0.0.9:5000 > 10.0.0.1:53 udp len 3000 split 1480
[2001:db8::9]:5000 > [2001:db8::1]:53 udp len 3000 split 1480
`,
    ),
  ).toMatchInlineSnapshot(`
    [
      "absorbed -               10.0.0.9:5000 > 10.0.0.1:53 udp len 3000 split 1480",
      "absorbed -               10.0.0.9:5000 > 10.0.0.1:53 udp len 3000 split 1480",
      "accept new               10.0.0.9:5000 > 10.0.0.1:53 udp len 3000 split 1480",
      "absorbed -               [2001:db8::9]:5000 > [2001:db8::1]:53 udp len 3000 split 1480",
      "absorbed -               [2001:db8::9]:5000 > [2001:db8::1]:53 udp len 3000 split 1480",
      "accept new               [2001:db8::9]:5000 > [2001:db8::1]:53 udp len 3000 split 1480",
    ]
  `)
})

test("what accepted a fragment, or a packet that reaches no hook, at ingress did not decide", () => {
  const ingress = chain("first", "ingress", -500, [rule(accept)])
  const engine = engineOf(
    table([
      { ...ingress, base: { ...ingress.base!, devices: ["eth0"] } },
      chain("pre", "prerouting", -150, [dropInvalid]),
    ]),
  )
  expect(
    judgeScript(
      engine,
      `
10.0.0.9:5000 > 10.0.0.1:53 udp len 2000 split 1480
10.0.0.9:5000 > 10.0.0.1:53 udp bad-ip-checksum
`,
    ),
  ).toMatchInlineSnapshot(`
    [
      "absorbed -               10.0.0.9:5000 > 10.0.0.1:53 udp len 2000 split 1480",
      "accept new first:0       10.0.0.9:5000 > 10.0.0.1:53 udp len 2000 split 1480",
      "none - ipv4-header-checksum 10.0.0.9:5000 > 10.0.0.1:53 udp bad-ip-checksum",
    ]
  `)
})

test("a ruleset that the kernel refuses gives diagnostics", () => {
  const ids = (chains: Parameters<typeof table>[0]) =>
    createEngine(table(chains), { random: () => 0 }).diagnostics.map(({ id }) => id)
  expect(ids([chain("in", "input", 0, [rule(jump("nowhere"))])])).toEqual(["unknown-chain"])
  expect(ids([chain("in", "input", 0, [rule(inSet(ip("saddr"), "none"), drop)])])).toEqual(["unknown-set"])
  expect(ids([chain("in", "input", 0, [rule(jump("a"))]), chain("a", null, 0, [rule(jump("a"))])])).toEqual([
    "jump-ring",
  ])
  const nested = Array.from({ length: 17 }, (_, index) =>
    chain(`c${index}`, null, 0, [rule(index < 16 ? jump(`c${index + 1}`) : accept)]),
  )
  expect(ids([chain("in", "input", 0, [rule(jump("c0"))]), ...nested])).toEqual(["jump-depth"])
})

test("ct state is invalid before conntrack, and conntrack stays off where no rule asks for it", () => {
  const engine = engineOf(table([chain("in", "input", 0, [rule(equal(tcp("dport"), 1), drop)])]))
  expect(judgeScript(engine, "10.0.0.9:9 > 10.0.0.1:2 S")).toEqual([
    "accept -                 10.0.0.9:9 > 10.0.0.1:2 S",
  ])
  expect(engine.conntrack.table.count).toBe(0)
  const raw = engineOf(table([chain("raw", "prerouting", -300, [rule(equal(ct("state"), 1), drop)])]))
  expect(judgeScript(raw, "10.0.0.9:9 > 10.0.0.1:2 S")[0]).toMatch(/^drop - raw:0/)
})

test("ingress does not look behind two tags where the outer one is VLAN 0", () => {
  const engine = engineOf(
    table([
      chain("in", "ingress", 0, [rule(is(tcp("dport"), 23), drop)]),
      chain("pre", "prerouting", -450, [rule(is(tcp("dport"), 22), drop)]),
    ]),
  )
  const tags = ["", "vlan 0 ", "vlan 0.0 ", "vlan 57344.5 ", "vlan 5.0 "]
  const script = [23, 22].flatMap((port) => tags.map((tag) => `${tag}10.0.0.9:9 > 10.0.0.1:${port} S`))
  expect(judgeScript(engine, script.join("\n")).map((line) => line.slice(0, 17).trim())).toEqual([
    ...["drop - in:0", "drop - in:0", "accept -", "accept -", "drop - in:0"],
    ...tags.map(() => "drop - pre:0"),
  ])
})

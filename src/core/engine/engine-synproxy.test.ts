import { expect, test } from "vitest"
import { ctStateIn, drop, equal, hasAny, notrack, tcp } from "../ruleset/build.js"
import type { EngineOptions } from "./engine.js"
import { chain, engineOf, judgeScript, rule, table } from "./engine-fixture.js"

/** The usual rules of a SYN proxy: SYNs are untracked, what is invalid or untracked goes to the proxy, what is still invalid is dropped. */
function verdicts(script: string, options: Partial<EngineOptions> = {}): string[] {
  const engine = engineOf(
    table([
      chain("before", "prerouting", -300, [rule(equal(tcp("dport"), 80), hasAny(tcp("flags"), 2), notrack)]),
      chain("in", "input", 0, [
        rule(equal(tcp("dport"), 80), ctStateIn("invalid", "untracked"), { step: "synproxy" }),
        rule(ctStateIn("invalid"), drop),
      ]),
    ]),
    { settings: { nf_conntrack_tcp_loose: 0 }, ...options },
  )
  return judgeScript(engine, script).map((line) => line.replace(/ {2,}.*/, ""))
}

const handshake = `
  10.0.0.9:1000 > 10.0.0.1:80 S seq 100
  10.0.0.9:1000 > 10.0.0.1:80 A seq 101 ack 7
  10.0.0.9:1000 > 10.0.0.1:80 PA seq 101 ack 7 len 5
  10.0.0.9:1000 > 10.0.0.1:80 PA seq 106 ack 900 len 5`

test("the SYN and the ACK that brings the cookie back are the proxy's; then the connection is established", () => {
  expect(verdicts(handshake)).toMatchInlineSnapshot(`
    [
      "drop untracked in:0 synproxy 10.0.0.9:1000 > 10.0.0.1:80 S seq 100",
      "drop invalid in:0 synproxy 10.0.0.9:1000 > 10.0.0.1:80 A seq 101 ack 7",
      "accept established",
      "accept established",
    ]
  `)
})

test("an ACK that follows no SYN, or one too late or of other numbers, brings no cookie back", () => {
  expect(verdicts("10.0.0.9:1000 > 10.0.0.1:80 A seq 101 ack 7")).toMatchInlineSnapshot(`
    [
      "drop invalid in:0 synproxy-cookie 10.0.0.9:1000 > 10.0.0.1:80 A seq 101 ack 7",
    ]
  `)
  expect(verdicts(handshake.replace("A seq 101", "A seq 102"))[1]).toMatchInlineSnapshot(
    `"drop invalid in:0 synproxy-cookie 10.0.0.9:1000 > 10.0.0.1:80 A seq 102 ack 7"`,
  )
  expect(
    verdicts(handshake.replace("10.0.0.9:1000 > 10.0.0.1:80 A", "@121s 10.0.0.9:1000 > 10.0.0.1:80 A"))[1],
  ).toMatchInlineSnapshot(
    `"drop invalid in:0 synproxy-cookie @121s 10.0.0.9:1000 > 10.0.0.1:80 A seq 101 ack 7"`,
  )
})

test("refused cookies open nothing, as where recorded packets are played to a kernel", () => {
  expect(verdicts(handshake, { cookies: "refused" })).toMatchInlineSnapshot(`
    [
      "drop untracked in:0 synproxy 10.0.0.9:1000 > 10.0.0.1:80 S seq 100",
      "drop invalid in:0 synproxy-cookie 10.0.0.9:1000 > 10.0.0.1:80 A seq 101 ack 7",
      "drop invalid in:0 synproxy-cookie 10.0.0.9:1000 > 10.0.0.1:80 PA seq 101 ack 7 len 5",
      "drop invalid in:0 synproxy-cookie 10.0.0.9:1000 > 10.0.0.1:80 PA seq 106 ack 900 len 5",
    ]
  `)
})

test("other TCP goes on", () => {
  expect(verdicts("10.0.0.9:1000 > 10.0.0.1:80 R seq 101")).toMatchInlineSnapshot(`
    [
      "drop invalid in:1 tcp-not-a-start 10.0.0.9:1000 > 10.0.0.1:80 R seq 101",
    ]
  `)
})

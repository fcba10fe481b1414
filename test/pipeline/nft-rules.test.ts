import { expect, test } from "vitest"
import { readNft } from "../../src/core/backend/nft/read/read.js"
import { engineOf, judgeScript } from "../../src/core/engine/engine-fixture.js"

/** Rules as text, packets as text, verdicts: what is read is what the engine does. */
function verdicts(declarations: string, rule: string, packets: readonly string[], epoch = 0): string {
  const text = `table inet t {\n${declarations}\nchain c {\ntype filter hook input priority 0; policy accept;\n${rule}\n}\n}\n`
  const { ruleset, diagnostics } = readNft({ path: "rules.nft", text })
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([])
  const lines = judgeScript(engineOf(ruleset, { epoch }), packets.join("\n"))
  return lines.map((line) => line.split(" ")[0]).join(" ")
}

const ports = [21, 22, 23].map((port) => `+1 10.0.0.9:40000 > 192.0.2.1:${port} S`)
const sources = ["10.0.0.9", "10.0.0.10", "192.168.7.7"].map((from) => `+1 ${from}:40000 > 192.0.2.1:22 S`)

test.each([
  ["", "tcp dport vmap { 22 : drop }", ports, "accept drop accept"],
  ["", "tcp dport vmap { 22 : accept, * : drop }", ports, "drop accept drop"],
  ["", "ip saddr vmap { 10.0.0.9 : accept, * : drop }", sources, "accept drop drop"],
  ["", "ip saddr vmap { 10.0.0.0/28 : accept, * : drop }", sources, "accept accept drop"],
  [
    "map m { type ipv4_addr : verdict; elements = { 10.0.0.9 : accept, * : drop }; }",
    "ip saddr vmap @m",
    sources,
    "accept drop drop",
  ],
  ["", "meta mark set ip saddr map { 10.0.0.9 : 1, * : 2 } meta mark 2 drop", sources, "accept drop drop"],
  ["", "ip saddr . tcp dport { 10.0.0.0/29 . 1-100, 192.168.7.7 . 22 } drop", sources, "accept accept drop"],
  ["", "meta mark set tcp dport << 8 meta mark 0x1600 drop", ports, "accept drop accept"],
  ["", "ct mark set ct mark | 0x10 ct mark & 0x10 == 0x10 drop", ports, "drop drop drop"],
  ["", "tcp flags & (fin | syn | rst | ack) == syn drop", ports, "drop drop drop"],
  ["", "@th,16,16 22 drop", ports, "accept drop accept"],
])("%s %s", (declarations, rule, packets, expected) => {
  expect(verdicts(declarations, rule, packets)).toBe(expected)
})

// 2026-01-02, a Friday, 03:04:05 UTC.
const friday = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000

test.each([
  ['meta day "Friday" drop', "drop drop drop"],
  ['meta day "Thursday" drop', "accept accept accept"],
  ['meta hour "03:04:07"-"03:05" drop', "accept drop drop"],
  ['meta hour "23:00"-"02:00" drop', "accept accept accept"],
  ['meta hour "23:00"-"04:00" drop', "drop drop drop"],
  ['meta time < "2026-01-02 03:04:07" drop', "drop accept accept"],
])("%s", (rule, expected) => expect(verdicts("", rule, ports, friday)).toBe(expected))

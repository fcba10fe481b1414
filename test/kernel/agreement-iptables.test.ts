import { expect, describe as group } from "vitest"
import { renderIptables } from "../../src/core/backend/iptables/render.js"
import { iptablesFacts } from "../../src/core/policy/environment.js"
import type { Comparison } from "../../src/linux/demo/agreement.js"
import { laboratoryFacts } from "../../src/linux/demo/engine-run.js"
import type { Laboratory } from "../../src/linux/host/namespace/laboratory.js"
import { differences, judgeBoth } from "./support/agree.js"
import { kernelTest } from "./support/kernel-test.js"
import { compiled } from "./support/policy.js"
import { traffic } from "./support/traffic.js"

/**
 * Policies in iptables' words: the kernel gets what `compile --to iptables` and `--to ip6tables` print, the engine the policy's own rules, and both must say the same of each packet
 * of the demonstration's traffic. What iptables does not see (fragments) is no part of it.
 */
const cases: readonly (readonly [line: string, dropped: number])[] = [
  ["malformed-null: drop", 4],
  ["malformed-xmas: drop", 4],
  ["malformed-bad: drop", 180],
  ["land: drop", 8],
  ["spoofed-source: drop", 16],
  ["new-tcp-without-syn: drop", 200],
  ["small-mss: drop", 40],
  ["icmp-floods: 1/hour burst 5", 190],
  ["syn-floods: 1/hour burst 5", 1337],
  ["syn-floods: { limit: 1/hour burst 5, per: { ipv4: /24, ipv6: /48 } }", 1680],
  [
    "syn-floods: { limit: 1/hour burst 5, for: { 198.18.0.0/16: off, 2001:db8:8000::/34: 1/hour burst 20 } }",
    690,
  ],
  ["syn-floods: { limit: 1/hour burst 5, action: block }", 1337],
  ["connection-rate: 1/hour burst 5", 2398],
  ["port-floods: { 80: { limit: more than 5 in 300s } }", 2197],
  ["decoy-ports: [23/tcp, 3389/tcp]", 28],
  ["open: [80/tcp]", 439],
  [
    "open: [{ ports: [80/tcp], only: through, from: [198.18.0.0/15, 2001:db8:8000::/33] }, { ports: all, only: here }]",
    509,
  ],
  ["blocklist: [203.0.113.0/26, 2001:db8:1000::/40]", 447],
]

/** Without fragments: iptables sees them put together, and counts what the policy's own rules look at before. */
const whole = traffic.filter(({ bytes }) => {
  const isFour = bytes[12] === 8 && bytes[13] === 0
  return isFour ? ((bytes[20]! << 8) | bytes[21]!) % 0x4000 === 0 : bytes[20] !== 44
})

const programs = [
  ["iptables-legacy", "iptables-legacy-restore", "ip6tables-legacy-restore"],
  ["iptables-nft", "iptables-nft-restore", "ip6tables-nft-restore"],
] as const

for (const [name, four, six] of programs)
  group(`by ${name}`, () => {
    for (const [line, wanted] of cases)
      kernelTest(`${line}: the kernel does with iptables what the policy says`, ({ laboratory }) => {
        // What only looks at single packets is asked beside conntrack, as on every host that iptables guards.
        const ruleset = compiled(
          `${line}\n    invalid: notify`.replace(/^invalid.*\n\s*/, ""),
          iptablesFacts(laboratoryFacts),
        )
        load(laboratory, ruleset, 4, four)
        load(laboratory, ruleset, 6, six)
        const comparisons = judgeBoth(laboratory, { ruleset }, whole).filter((each) => !isCutShort(each))
        const dropped = comparisons.filter(
          ({ kernel, engine }) => kernel === "dropped" && engine.verdict === "drop",
        )
        expect({ differ: differences(comparisons), dropped: dropped.length }).toEqual({
          differ: [],
          dropped: wanted,
        })
      })
  })

/** iptables' matches drop a packet whose transport header is cut short; nft's do not match it. */
function isCutShort({ kernel, engine }: Comparison): boolean {
  return kernel === "dropped" && engine.why === "short"
}

function load(
  laboratory: Laboratory,
  ruleset: Parameters<typeof renderIptables>[0],
  family: 4 | 6,
  program: string,
) {
  const { text, ipsets, diagnostics } = renderIptables(ruleset, family)
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([])
  laboratory.firewall.run("ipset", ["restore"], { input: ipsets })
  laboratory.firewall.run(program, [], { input: text })
}

import { expect, test } from "vitest"
import { readIptables } from "../backend/iptables/read.js"
import { readNft } from "../backend/nft/read/read.js"
import { checkRuleset } from "./check.js"

/** The lints about conntrack of one rule before it. */
function lintsOfNft(rule: string): readonly string[] {
  const text = `table ip t { set s { type ipv4_addr; flags dynamic; }
    chain c { type filter hook prerouting priority raw
      ${rule}
    }
  }`
  return lints(readNft({ path: "rules.nft", text }).ruleset)
}

function lintsOfIptables(rule: string): readonly string[] {
  const text = `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING ${rule}\nCOMMIT\n`
  return lints(readIptables({ path: "rules.v4", text }, 4).ruleset)
}

function lints(ruleset: Parameters<typeof checkRuleset>[0]): readonly string[] {
  expect(ruleset.tables.flatMap(({ chains }) => chains.flatMap(({ rules }) => rules))).toHaveLength(1)
  return checkRuleset(ruleset).flatMap(({ id }) => (id === "conntrack-too-early" ? [id] : []))
}

test.each([
  ["ct state new accept", true],
  ["ct mark set 1", true],
  ["ip saddr 192.0.2.1 ct mark set 1 accept", true],
  ["ct zone set 1", false],
  ["notrack", false],
  ["ct count over 20 drop", false],
  ["add @s { ip saddr ct count over 20 } drop", false],
  ["meta mark set 1", false],
])("nft at raw: %s", (rule, isTooEarly) => {
  expect(lintsOfNft(rule)).toEqual(isTooEarly ? ["conntrack-too-early"] : [])
})

test.each([
  ["-m state --state NEW -j ACCEPT", true],
  ["-m conntrack --ctstate INVALID -j DROP", true],
  ["-m connmark --mark 0x1 -j DROP", true],
  ["-m connbytes --connbytes 1: --connbytes-dir both --connbytes-mode bytes -j DROP", true],
  ["-p tcp -j CT --notrack", false],
  ["-j CT --zone 1", false],
  ["-j NOTRACK", false],
  ["-p tcp -m connlimit --connlimit-above 2 -j DROP", false],
  ["-p tcp -m tcp --dport 22 -j DROP", false],
])("iptables' raw: %s", (rule, isTooEarly) => {
  expect(lintsOfIptables(rule)).toEqual(isTooEarly ? ["conntrack-too-early"] : [])
})

test.each([
  [15, []],
  [16, ["jumps from chain INPUT nest 16 deep, the kernel takes 15"]],
  [20_000, ["jumps from chain INPUT nest more than 150 deep, the kernel takes 15"]],
])("%d chains that jump one to the other", (count, wanted) => {
  const names = Array.from({ length: count }, (_, index) => `C${index}`)
  const text = `*filter
${names.map((name) => `:${name} - [0:0]`).join("\n")}
-A INPUT -j C0
${names
  .slice(1)
  .map((name, index) => `-A C${index} -j ${name}`)
  .join("\n")}
COMMIT
`
  const { ruleset, diagnostics } = readIptables({ path: "rules.v4", text }, 4)
  expect(diagnostics).toEqual([])
  expect(checkRuleset(ruleset).map(({ message }) => message)).toEqual(wanted)
})

import { expect } from "vitest"
import { readIptables } from "../../src/core/backend/iptables/read.js"
import { readNft } from "../../src/core/backend/nft/read/read.js"
import { printDiagnostic } from "../../src/core/base/diagnostic.js"
import type { PacketDescription } from "../../src/core/packet/description.js"
import { ACK, SYN } from "../../src/core/packet/packet.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"
import type { Laboratory } from "../../src/linux/host/namespace/laboratory.js"
import { HookOracle } from "./support/hook-oracle.js"
import { kernelTest } from "./support/kernel-test.js"
import { Chance } from "./support/random-segments.js"

/** Few ends, so that many packets are of one connection, were it not for their zones and marks. */
function talk(oracle: HookOracle, chance: Chance, count: number): void {
  const one = (inside: boolean): PacketDescription => {
    const [source, destination] = inside
      ? ["198.51.100.2", chance.of(["203.0.113.7", "203.0.113.8"])]
      : [chance.of(["203.0.113.7", "203.0.113.8"]), "198.51.100.2"]
    const trafficClass = chance.of([0, 0, 4, 8, 16])
    const ports = inside ? [53, chance.of([1000, 1001])] : [chance.of([1000, 1001]), 53]
    const [sourcePort = 0, destinationPort = 0] = ports
    return chance.below(3) === 0
      ? {
          source: source!,
          destination: destination!,
          trafficClass,
          tcp: {
            sourcePort,
            destinationPort,
            flags: chance.of(inside ? [SYN | ACK, ACK] : [SYN, SYN, ACK]),
            sequence: 100,
            acknowledgement: 101,
          },
        }
      : { source: source!, destination: destination!, trafficClass, udp: { sourcePort, destinationPort } }
  }
  for (let sent = 0; sent < count; sent += 16) {
    const inside = chance.below(2) === 0
    oracle.send(
      inside ? "inside" : "outside",
      Array.from({ length: 1 + chance.below(16) }, () => one(inside)),
    )
  }
}

function agree(laboratory: Laboratory, ruleset: Ruleset, load: () => void): HookOracle {
  load()
  const oracle = new HookOracle(laboratory, "")
  talk(oracle, new Chance(Number(process.env["SEED"] ?? 1)), 600)
  const { compared, differences } = oracle.compare(ruleset)
  expect(differences.slice(0, 3).join("\n")).toBe("")
  expect(compared).toBeGreaterThan(200)
  return oracle
}

/** How many packets were marked on their way to another hook: the rules write what they found into the TOS byte. */
function marked(oracle: HookOracle, place: string): number {
  const values = oracle.packets.flatMap(({ places }) =>
    places.filter((one) => one.place === place).map(({ bytes }) => bytes.slice(2, 4)),
  )
  return new Set(values).size
}

kernelTest(
  "zones, labels, marks, counts and expectations of life: rules see what the kernel's see",
  ({ laboratory }) => {
    const text = `table ip t {
    chain early {
      type filter hook prerouting priority -300
      ip dscp 1 ct zone set 1
      ip dscp 2 ct original zone set 2
      ip dscp 4 notrack
    }
    chain later {
      type filter hook forward priority 0
      ct state new ct mark set 7
      ct original packets > 3 ct mark set 9
      ct state new udp dport 53 ct label set 3
      ct mark 9 ip dscp set 10
      ct mark 7 ip dscp set 11
      ct label 3 ip dscp set 12
      ct reply bytes > 200 ip dscp set 13
      ct avgpkt > 34 ip dscp set 14
      ct zone 1 ip dscp set 15
      ct original zone 2 ip dscp set 16
      ct expiration < 31s ip ttl set 99
      ct status assured ip dscp set 17
      ct packets > 9 drop
    }
  }`
    const { ruleset, diagnostics } = readNft({ path: "rules", text })
    expect(diagnostics.map(printDiagnostic)).toEqual([])
    const oracle = agree(laboratory, ruleset, () => laboratory.firewall.nft(text))
    expect(marked(oracle, "postrouting")).toBeGreaterThan(5)
  },
)

kernelTest("iptables' CT, CONNMARK and connbytes: rules see what the kernel's see", ({ laboratory }) => {
  const text = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -m tos --tos 0x04/0xff -j CT --zone 1
-A PREROUTING -m tos --tos 0x08/0xff -j CT --zone-orig 2
-A PREROUTING -m tos --tos 0x10/0xff -j CT --notrack
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate NEW -j CONNMARK --set-xmark 0x7/0xff
-A FORWARD -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff
-A FORWARD -m mark --mark 0x7 -j DSCP --set-dscp 0x0b
-A FORWARD -m connbytes --connbytes 4 --connbytes-mode packets --connbytes-dir original -j DSCP --set-dscp 0x0d
-A FORWARD -m connbytes --connbytes 200: --connbytes-mode bytes --connbytes-dir both -j TTL --ttl-set 99
-A FORWARD -m conntrack --ctstate UNTRACKED -j DSCP --set-dscp 0x0e
-A FORWARD -m connbytes --connbytes 9: --connbytes-mode packets --connbytes-dir both -j DROP
COMMIT
`
  const { ruleset, diagnostics } = readIptables({ path: "rules", text }, 4)
  expect(diagnostics.map(printDiagnostic)).toEqual([])
  const oracle = agree(laboratory, ruleset, () => {
    laboratory.firewall.run("iptables-legacy-restore", [], { input: text })
  })
  expect(marked(oracle, "postrouting")).toBeGreaterThan(3)
})

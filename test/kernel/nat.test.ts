import { expect } from "vitest"
import { readIptables } from "../../src/core/backend/iptables/read.js"
import { readNft } from "../../src/core/backend/nft/read/read.js"
import { printDiagnostic } from "../../src/core/base/diagnostic.js"
import { DST_NAT, SRC_NAT } from "../../src/core/engine/conntrack/status.js"
import { HookOracle, type Place } from "./support/hook-oracle.js"
import { kernelTest } from "./support/kernel-test.js"
import { converse, hintOf, world } from "./support/nat-traffic.js"
import { Chance } from "./support/random-segments.js"

type Family = 4 | 6

/** No connection ends by itself while a slow machine talks. */
const patient = {
  nf_conntrack_sctp_timeout_closed: 300,
  nf_conntrack_sctp_timeout_cookie_wait: 300,
  nf_conntrack_tcp_timeout_close: 300,
  nf_conntrack_icmp_timeout: 300,
  nf_conntrack_icmpv6_timeout: 300,
  nf_conntrack_udp_timeout: 300,
}

/** An address, and what stands behind it, which IPv6 wants in brackets. */
function at(family: Family, address: string, rest: string): string {
  return family === 6 ? `[${address}]${rest}` : `${address}${rest}`
}

const dialects: Readonly<Record<string, (family: Family) => string>> = {
  nft(family) {
    const { wan, lan, inside, net } = world[family]
    const ip = family === 4 ? "ip" : "ip6"
    const one = (word: number) => `${net}${word}`
    return `table ${ip} translate {
      map by_port { type inet_service : ${family === 4 ? "ipv4_addr" : "ipv6_addr"}; elements = { 53 : ${one(5)}, 8000 : ${one(6)} } }
      chain before {
        type nat hook prerouting priority -100
        ${ip} daddr ${wan} tcp dport 8080 dnat to ${at(family, inside, ":80")}
        ${ip} daddr ${wan} udp dport 5300 dnat to ${inside}
        tcp dport 2222 redirect to :22
        udp dport 7000 dnat to ${one(5)}-${one(9)}
        udp dport 7001 dnat to ${at(family, inside, ":1000-1009")}
        iifname "wan0" meta l4proto ${family === 4 ? "icmp" : "ipv6-icmp"} ${ip} daddr ${wan} dnat to ${inside}
        ${ip} daddr ${wan} tcp dport { 53, 8000 } dnat to tcp dport map @by_port
      }
      chain behind {
        type nat hook postrouting priority 100
        oifname "lan0" udp dport 5300 snat to ${lan}
        oifname "wan0" th dport 8000 snat to ${wan}
        oifname "wan0" meta l4proto sctp snat to ${one(200)}-${one(250)}
        oifname "wan0" meta l4proto udp masquerade to :20000-20063
        oifname "wan0" masquerade
      }
    }`
  },
  iptables(family) {
    const { wan, lan, inside, net } = world[family]
    const one = (word: number) => `${net}${word}`
    const icmp = family === 4 ? "icmp" : "ipv6-icmp"
    const network = family === 4 ? "198.51.100.128/25" : "2001:db8:2:0:8000::/65"
    return `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d ${wan} -p tcp -m tcp --dport 8080 -j DNAT --to-destination ${at(family, inside, ":80")}
-A PREROUTING -d ${wan} -p udp -m udp --dport 5300 -j DNAT --to-destination ${inside}
-A PREROUTING -p tcp -m tcp --dport 2222 -j REDIRECT --to-ports 22
-A PREROUTING -p udp -m udp --dport 7000 -j DNAT --to-destination ${one(5)}-${one(9)} --persistent
-A PREROUTING -p udp -m udp --dport 7001 -j DNAT --to-destination ${at(family, inside, ":1000-1009")}
-A PREROUTING -p tcp -m tcp --dport 7000:7100 -j DNAT --to-destination ${at(family, inside, ":2000-2100/7000")}
-A PREROUTING -i wan0 -d ${wan} -p ${icmp} -j DNAT --to-destination ${inside}
-A POSTROUTING -o lan0 -p udp -m udp --dport 5300 -j SNAT --to-source ${lan}
-A POSTROUTING -o wan0 -p tcp -m tcp --dport 8000 -j SNAT --to-source ${wan}
-A POSTROUTING -o wan0 -p sctp -j SNAT --to-source ${one(200)}-${one(250)}
-A POSTROUTING -o wan0 -p ${icmp} -j NETMAP --to ${network}
-A POSTROUTING -o wan0 -p udp -j MASQUERADE --to-ports 20000-20063
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
`
  },
}

for (const [dialect, rulesOf] of Object.entries(dialects))
  for (const family of [4, 6] as const)
    kernelTest(
      `${dialect}, IPv${family}: what NAT makes of packets, answers and errors at each hook is what the kernel makes of them`,
      ({ laboratory }) => {
        const text = rulesOf(family)
        const file = { path: "rules", text }
        const { ruleset, diagnostics } = dialect === "nft" ? readNft(file) : readIptables(file, family)
        expect(diagnostics.map(printDiagnostic)).toEqual([])
        if (dialect === "nft") laboratory.firewall.nft(text)
        else
          laboratory.firewall.run(family === 4 ? "iptables-legacy-restore" : "ip6tables-legacy-restore", [], {
            input: text,
          })
        const chance = new Chance(Number(process.env["SEED"] ?? 1) + family)
        const oracle = new HookOracle(laboratory, "")
        for (const [name, seconds] of Object.entries(patient))
          laboratory.firewall.namespace.sysctl(`net/netfilter/${name}`, seconds)
        converse(oracle, chance, family, 12)
        const { compared, differences } = oracle.compare(ruleset, { settings: patient }, hintOf)
        expect(differences.slice(0, 3).join("\n")).toBe("")
        expect(differences.length).toBe(0)
        expect(compared).toBeGreaterThan(1000)
        const count = (holds: (place: Place) => boolean) =>
          oracle.packets.filter(({ places }) => places.some(holds)).length
        // All of it happened: sources and destinations translated, answers, errors, packets of no connection.
        expect(count(({ status }) => (status & SRC_NAT) !== 0)).toBeGreaterThan(400)
        expect(count(({ status }) => (status & DST_NAT) !== 0)).toBeGreaterThan(200)
        expect(count(({ state }) => state === "related")).toBeGreaterThan(100)
        expect(count(({ state }) => state === "invalid")).toBeGreaterThan(20)
        expect(
          count(({ state, status }) => state === "established" && (status & (SRC_NAT | DST_NAT)) !== 0),
        ).toBeGreaterThan(400)
      },
    )

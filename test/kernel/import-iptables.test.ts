import { expect } from "vitest"
import { importIptables } from "../../src/core/dialect/iptables/import.js"
import { onBothSides } from "./support/imported.js"
import { kernelTest } from "./support/kernel-test.js"

/**
 * Rules of iptables in the kernel, and in a second laboratory the policy that they are imported as, over the same packets at the same times: who passes on either side. Equal where
 * the report says `same` of all that protects, and different where it says otherwise. The engine must say the same of both.
 */
interface Case {
  readonly name: string
  /** Of the table filter; both programs get them, INPUT is `closed` or open, and nothing is passed on. */
  readonly rules: string
  readonly closed?: boolean
  readonly script: string
  /** What the report says of the lines that protect. */
  readonly relations: string
  /** `.` passes, `x` does not. */
  readonly owner: string
  readonly ours: string
}

const firewall = "192.0.2.1"
const burst = (count: number, port: number, source = "203.0.113.9") =>
  `${source}:4000++ > ${firewall}:${port} S repeat ${count}`
/** Each from a source of its own: what came through is told apart by what NAT leaves alone. */
const flags = (...words: readonly string[]) =>
  words.map((word, index) => `203.0.113.${index + 10}:4000 > ${firewall}:22 ${word}`).join("\n")
const tries = (port: number, ...gaps: readonly number[]) =>
  gaps.map((gap, index) => `+${gap} 203.0.113.9:${4000 + index} > ${firewall}:${port} S`).join("\n")

const cases: readonly Case[] = [
  {
    name: "what no honest sender sends",
    rules: `
-A INPUT -m state --state INVALID -j DROP
-A INPUT -p tcp ! --syn -m state --state NEW -j DROP
-A INPUT -p tcp --tcp-flags ALL NONE -j DROP
-A INPUT -p tcp --tcp-flags ALL ALL -j DROP`,
    script: flags("S", "SF", "SR", "FPU", "none", "F", ".", "S.", "SPFUR.", "SEW", "R", "P."),
    relations: "same same same same",
    owner: ".xxxxxxxx.xx",
    ours: ".xxxxxxxx.xx",
  },
  {
    name: "one pair of flags becomes all that contradict each other",
    rules: "-A INPUT -p tcp --tcp-flags SYN,FIN SYN,FIN -j DROP",
    script: flags("S", "SF", "SP", "S."),
    relations: "stricter",
    owner: ".x..",
    ours: ".xx.",
  },
  {
    name: "a SYN chain with a limit for everybody",
    rules: `
-A INPUT -p tcp --syn -j flood
-A flood -m limit --limit 2/min --limit-burst 4 -j RETURN
-A flood -j DROP`,
    script: `${burst(3, 22)}\n${burst(3, 80, "203.0.113.10")}\n203.0.113.10:9000 > ${firewall}:80 udp len 4`,
    relations: "same",
    owner: "....xx.",
    ours: "....xx.",
  },
  {
    name: "hashlimit: each source its own rate",
    rules:
      "-A INPUT -p tcp --dport 22 -m state --state NEW -m hashlimit --hashlimit-above 3/min --hashlimit-burst 3 --hashlimit-mode srcip --hashlimit-name ssh -j DROP",
    script: `${burst(5, 22)}\n${burst(2, 22, "203.0.113.10")}\n${burst(2, 80, "203.0.113.11")}`,
    relations: "same",
    owner: "...xx....",
    ours: "...xx....",
  },
  {
    name: "connlimit, and a source that is let past before",
    rules: `
-A INPUT -s 203.0.113.10 -j ACCEPT
-A INPUT -p tcp --syn --dport 80 -m connlimit --connlimit-above 3 -j DROP`,
    script: `${burst(5, 80)}\n${burst(5, 80, "203.0.113.10")}\n${burst(2, 22, "203.0.113.11")}`,
    relations: "same",
    owner: "...xx.......",
    ours: "...xx.......",
  },
  {
    name: "recent: the fourth connection in a time; a slow sender gets in again with recent only",
    rules: `
-A INPUT -p tcp --dport 22 -m state --state NEW -m recent --set --name ssh
-A INPUT -p tcp --dport 22 -m state --state NEW -m recent --update --seconds 2 --hitcount 4 --name ssh -j DROP`,
    script: tries(22, 0, 0, 0, 0, 1.2, 1.2, 1.2),
    relations: "stricter",
    owner: "...xx..",
    ours: "...xxxx",
  },
  {
    name: "recent in one rule, and asked before it is written to",
    rules: `
-A INPUT -p tcp --dport 22 -m state --state NEW -m recent --set --name a -m recent --rcheck --seconds 60 --hitcount 3 --name a -j DROP
-A INPUT -p tcp --dport 23 -m state --state NEW -m recent --rcheck --seconds 60 --hitcount 3 --name b -j DROP
-A INPUT -p tcp --dport 23 -m state --state NEW -m recent --set --name b`,
    script: `${burst(4, 22)}\n${burst(5, 23, "203.0.113.10")}`,
    relations: "stricter stricter",
    owner: "..xx...xx",
    ours: "..xx...xx",
  },
  {
    name: "an allow-list: ports, a source, a port for one source, pings",
    rules: `
-A INPUT -i lo -j ACCEPT
-A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
-A INPUT -s 203.0.113.10 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT
-A INPUT -p udp --dport 53 -j ACCEPT
-A INPUT -s 203.0.113.60 -p tcp --dport 5432 -j ACCEPT`,
    closed: true,
    script: [
      ...[22, 23, 80].map((port, index) => `203.0.113.${20 + index}:4000 > ${firewall}:${port} S`),
      ...[53, 54].map((port, index) => `203.0.113.${30 + index}:4000 > ${firewall}:${port} udp len 4`),
      `203.0.113.10:4000 > ${firewall}:9999 S`,
      `203.0.113.40 > ${firewall} icmp echo-request id 1 seq 1`,
      ...[60, 61].map((host) => `203.0.113.${host}:4000 > ${firewall}:5432 S`),
    ].join("\n"),
    relations: "looser",
    owner: ".x..x.x.x",
    ours: ".x..x...x",
  },
  {
    name: "networks that are never let in",
    rules: `
-A INPUT -s 203.0.113.64/26 -j LOGDROP
-A INPUT -m iprange --src-range 203.0.113.10-203.0.113.12 -j DROP
-A LOGDROP -m limit --limit 1/min -j LOG
-A LOGDROP -j DROP`,
    script: [9, 10, 12, 13, 63, 64, 127, 128]
      .map((host) => `203.0.113.${host}:4000 > ${firewall}:22 S`)
      .join("\n"),
    relations: "same same",
    owner: ".xx..xx.",
    ours: ".xx..xx.",
  },
]

for (const { name, rules, closed = false, script, relations, owner, ours } of cases)
  kernelTest(`rules of iptables in the kernel, and the policy: ${name}`, ({ laboratory }) => {
    const files = [
      { path: "rules.v4", text: textOf(rules, "iptables", closed) },
      { path: "rules.v6", text: textOf(rules, "ip6tables", closed) },
    ]
    const read = () => ({ id: "unreadable-file", message: "none" }) as const
    const imported = importIptables(files, { exact: false, read })
    const told = imported.items.filter(({ protects, span }) => protects && span.file === "rules.v4")
    expect(told.map(({ relation }) => relation).join(" ")).toBe(relations)
    expect(onBothSides(laboratory, imported, script)).toEqual({ owner, ours })
    const areSame = imported.items.every(({ relation }) => relation === "same" || relation === "not-ours")
    if (areSame) expect(ours).toBe(owner)
  })

/** IPv6 gets what it can say of the same: addresses of IPv4 are not among it. */
function textOf(rules: string, program: "iptables" | "ip6tables", closed: boolean): string {
  const lines = rules
    .trim()
    .split("\n")
    .filter((line) => program === "iptables" || !/\d+\.\d+\.\d+\.\d+/.test(line))
  return `# Generated by ${program}-save v1.8.9 (nf_tables)
*filter
:INPUT ${closed ? "DROP" : "ACCEPT"} [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:flood - [0:0]
:LOGDROP - [0:0]
${lines.join("\n")}
COMMIT
`
}

import { describe, expect, test } from "vitest"
import { readIptables } from "../../backend/iptables/read.js"
import { printDiagnostic } from "../../base/diagnostic.js"
import { examples } from "./examples-fixture.js"
import { importFirehol } from "./import.js"
import { readModel } from "./model.js"
import { namedNetworks } from "./named-networks.js"
import type { Family } from "./owner-listing.js"
import { listRules } from "./owner-rules.js"
import { runStatically } from "./run.js"

const options = { exact: false, read: () => ({ id: "unreadable-file", message: "none" }) as const }

/** All lines of one family, whether or not iptables-restore would take them. */
function listed(text: string, family: Family): readonly string[] {
  const { commands, variables } = runStatically([{ path: "firehol.conf", text }], options, namedNetworks)
  const model = readModel(commands, variables)
  const listing = listRules(model, family, { variables, sets: new Map() })
  if (!listing) throw new Error("nobody knows the rules")
  return [...listing.chains.map((chain) => `:${chain}`), ...listing.rules]
}

/** What lines add to a configuration, and `- …` what they take away; both in the order of the rules. */
function added(lines: readonly string[], scope: "interface" | "router", family: Family): readonly string[] {
  const head = scope === "interface" ? "interface eth0 wan" : "router r1 inface eth0 outface eth1"
  const tail = scope === "interface" ? "  server ssh accept" : "  route ssh accept"
  const settings = lines.filter((line) => /^[A-Z_]+=/.test(line))
  const own = lines.filter((line) => !settings.includes(line)).map((line) => `  ${line}`)
  const before = [...listed(`version 6\n${head}\n${tail}\n`, family)]
  const plus: string[] = []
  const text = ["version 6", ...settings, head, ...own, tail].join("\n")
  for (const line of listed(`${text}\n`, family)) {
    const at = before.indexOf(line)
    if (at < 0) plus.push(line)
    else before.splice(at, 1)
  }
  return [...plus, ...before.map((line) => `- ${line}`)]
}

/** What stands before the chain's log and drop, by the three letters of its name. */
const jumps: Readonly<Record<string, readonly string[]>> = {
  nsn: ["-p tcp -m conntrack --ctstate NEW ! --syn"],
  ifl: ["-p icmp --icmp-type echo-request"],
  sfl: ["-p tcp --syn"],
  afl: ["-m conntrack --ctstate NEW"],
  mxs: ["-p tcp --tcp-flags ALL ALL"],
  mnl: ["-p tcp --tcp-flags ALL NONE"],
  mbd: ["SYN,FIN SYN,FIN", "SYN,RST SYN,RST", "ALL SYN,RST,ACK,FIN,URG", "ALL FIN,URG,PSH"].map(
    (flags) => `-p tcp --tcp-flags ${flags}`,
  ),
  clm: ["-m conntrack --ctstate NEW"],
  crt: ["-m conntrack --ctstate NEW"],
}
const logs: Readonly<Record<string, string>> = {
  nsn: "NEW TCP w/o SYN",
  ifl: "ICMP FLOOD",
  sfl: "SYN FLOOD",
  afl: "ALL FLOOD",
  mxs: "MALFORMED XMAS",
  mnl: "MALFORMED NULL",
  mbd: "MALFORMED BAD",
  clm: "CLIENT CONNECTION LIMIT REACHED",
  crt: "CLIENT CONNECTION RATE REACHED",
}

/** `sfl1 [-m limit …]` for the chain that a type makes, with what lets through in it. Parted by `; `. */
function chains(text: string, scope: "interface" | "router", family: Family): readonly string[] {
  const written = text === "" ? [] : text.split("; ")
  const name = scope === "interface" ? "wan" : "r1"
  const names: string[] = []
  const rules: string[] = []
  for (const each of written) {
    const parts = /^(reverse )?([a-z]{3})(\d+)((?: \[[^\]]*\])*)$/.exec(each)!
    const [, reverse, letters = "", number, inside = ""] = parts
    const chain = `${reverse ? "prr" : "pr"}_${name}_${letters}${number}`
    names.push(`:${chain}`)
    for (const jump of jumps[letters]!) {
      const match = family === 6 ? jump.replace("icmp --icmp", "icmpv6 --icmpv6") : jump
      rules.push(`-A ${reverse ? "out" : "in"}_${name} ${match} -j ${chain}`)
    }
    for (const [, match = ""] of inside.matchAll(/\[([^\]]*)\]/g))
      rules.push(`-A ${chain} ${match.replaceAll("NAME", name)}${match.includes(" -j ") ? "" : " -j RETURN"}`)
    rules.push(
      `-A ${chain} -m limit --limit 1/second --limit-burst 5 -j LOG --log-level warning --log-prefix="BLOCKED ${logs[letters]}:"`,
      `-A ${chain} -j DROP`,
    )
  }
  return [...names, ...rules]
}

const limit = (rate = "100/s", burst = "50") => `[-m limit --limit ${rate} --limit-burst ${burst}]`
const strong = (rate?: string, burst?: string, from = 0) =>
  [
    `nsn${from + 3}`,
    `ifl${from + 4} ${limit(rate, burst)}`,
    `sfl${from + 5} ${limit(rate, burst)}`,
    `mxs${from + 6}`,
    `mnl${from + 7}`,
    `mbd${from + 8}`,
  ].join("; ")
const bad = (from = 0) =>
  ["nsn3", "mxs4", "mnl5", "mbd6"].map((each) => `${each.slice(0, 3)}${Number(each[3]) + from}`).join("; ")
const most = (text: string, before = "") =>
  `[${before === "" ? "" : `${before} `}-m connlimit --connlimit-${text}]`
const rated = (text: string, before = "") =>
  `[${before === "" ? "" : `${before} `}-m hashlimit --hashlimit-name pr_NAME_connrate ${text}]`
const reversed = (text: string) =>
  text
    .split("; ")
    .map((each) => `reverse ${each}`)
    .join("; ")

/** Measured with FireHOL 3.1.7: the chains that each configuration adds, for an interface and for a router, the same in both. */
const measured: readonly (readonly [lines: readonly string[], chains: string])[] = [
  [[], ""],
  [["protection invalid"], ""],
  [["protection fragments"], ""],
  [["protection new-tcp-w/o-syn"], "nsn1"],
  [["protection malformed-xmas"], "mxs1"],
  [["protection malformed-null"], "mnl1"],
  [["protection malformed-bad"], "mbd1"],
  [["protection icmp-floods"], `ifl1 ${limit()}`],
  [["protection icmp-floods 10/sec 20"], `ifl1 ${limit("10/sec", "20")}`],
  [["protection syn-floods"], `sfl1 ${limit()}`],
  [["protection syn-floods 50/min"], `sfl1 ${limit("50/min")}`],
  [["protection all-floods 90/sec 40"], `afl1 ${limit("90/sec", "40")}`],
  [["protection connlimit 10 mask 32"], `clm1 ${most("upto 10 --connlimit-saddr --connlimit-mask 32")}`],
  [
    ["protection connlimit 100 mask 24", "protection connlimit 5 src 1.2.3.4"],
    `clm1 ${most("upto 100 --connlimit-saddr --connlimit-mask 24")}; clm2 ${most("upto 5 --connlimit-saddr", "-s 1.2.3.4")}`,
  ],
  [
    ["protection connlimit 100 mask 24 src not 1.2.3.4", "protection connlimit 200 src 1.2.3.4"],
    `clm1 ${most("upto 100 --connlimit-saddr --connlimit-mask 24", "! -s 1.2.3.4")}; clm2 ${most("upto 200 --connlimit-saddr", "-s 1.2.3.4")}`,
  ],
  [
    ["protection connrate upto 60/minute burst 10"],
    `crt1 ${rated("--hashlimit-upto 60/minute --hashlimit-mode srcip --hashlimit-burst 10")}`,
  ],
  [["protection bad-packets"], bad()],
  [["protection strong"], strong()],
  [["protection strong 10/sec 10"], strong("10/sec", "10")],
  [["protection full"], strong()],
  [["protection all"], strong()],
  [["protection reverse strong"], reversed(strong())],
  [["protection reverse connlimit 10"], `reverse clm1 ${most("upto 10 --connlimit-saddr")}`],
  [["protection none"], ""],
  [["protection syn-floods", "protection reverse syn-floods"], `sfl1 ${limit()}; reverse sfl2 ${limit()}`],
  [["protection syn-floods malformed-xmas"], `sfl1 ${limit("malformed-xmas")}`],
  [['protection "syn-floods malformed-xmas"'], `sfl1 ${limit()}; mxs2`],
  [["protection malformed-xmas malformed-null"], "mxs1"],
  [['protection "bad-packets syn-floods all-floods" 90/sec 40'], bad()],
  [
    ['protection "syn-floods all-floods bad-packets" 90/sec 40'],
    `sfl1 ${limit("90/sec", "40")}; afl2 ${limit("90/sec", "40")}; ${bad(2)}`,
  ],
  [['protection "strong all-floods"'], strong()],
  [["protection syn-floods,malformed-xmas"], `sfl1 ${limit()}; mxs2`],
  [["protection SYN-FLOODS"], `sfl1 ${limit()}`],
  [["protection"], ""],
  [["protection connlimit 10 daddr"], `clm1 ${most("upto 10 --connlimit-daddr")}`],
  [["protection syn-floods abc"], `sfl1 ${limit("abc")}`],
  [["protection syn-floods 10/sec 5 src 1.2.3.4"], `sfl1 ${limit("10/sec", "5")}`],
  [["protection strong reverse"], strong("reverse")],
  [["protection strong", "protection strong"], `${strong()}; ${strong(undefined, undefined, 9)}`],
  [
    ["protection connlimit 5 dport 22 proto tcp"],
    `clm1 ${most("upto 5 --connlimit-saddr", "-p tcp --dport 22")}`,
  ],
  [
    ["protection connlimit 5 src ipset:bad"],
    `clm1 ${most("upto 5 --connlimit-saddr", "-m set --match-set bad src ! --update-counters ! --update-subcounters")}`,
  ],
  [
    ["protection connlimit 5 mac 00:11:22:33:44:55"],
    `clm1 ${most("upto 5 --connlimit-saddr", "-m mac --mac-source 00:11:22:33:44:55")}`,
  ],
  [
    ['protection connlimit 5 src "1.1.1.1 2.2.2.2" srctype UNICAST'],
    `clm1 ${["1.1.1.1", "2.2.2.2"].map((host) => most("upto 5 --connlimit-saddr", `-s ${host} -m addrtype --src-type UNICAST`)).join(" ")}`,
  ],
  [
    ['protection connlimit 5 mask 24 log "hello"'],
    `clm1 ${most("upto 5 --connlimit-saddr --connlimit-mask 24").replace("]", ' -j LOG --log-level warning --log-prefix="hello:"]')} ${most("upto 5 --connlimit-saddr --connlimit-mask 24")}`,
  ],
  [
    ["protection connlimit 5 mark 3 inface eth0"],
    `clm1 ${most("upto 5 --connlimit-saddr", "-i eth0 -m mark --mark 0x000000c0/0x00001fc0")}`,
  ],
  [
    [
      "protection connrate upto 60/minute burst 10 srcmask 24 htable-size 1024 htable-max 4096 htable-expire 60000 htable-gcinterval 1000 src not 10.0.0.0/8",
    ],
    `crt1 ${rated("--hashlimit-upto 60/minute --hashlimit-mode srcip --hashlimit-burst 10 --hashlimit-srcmask 24 --hashlimit-htable-size 1024 --hashlimit-htable-max 4096 --hashlimit-htable-expire 60000 --hashlimit-htable-gcinterval 1000", "! -s 10.0.0.0/8")}`,
  ],
  [
    ["protection connrate upto 60/minute", "protection connrate upto 5/second"],
    `crt1 ${rated("--hashlimit-upto 60/minute --hashlimit-mode srcip")}; crt2 ${rated("--hashlimit-upto 5/second --hashlimit-mode srcip")}`,
  ],
  [
    ["protection strong 10/sec 10", "protection all-floods 90/sec 40", "protection connlimit 10"],
    `${strong("10/sec", "10")}; afl10 ${limit("90/sec", "40")}; clm11 ${most("upto 10 --connlimit-saddr")}`,
  ],
  [["protection4 strong"], ""],
]

describe("the protections' rules are FireHOL's own, line for line", () => {
  test.each(measured)("%s", (lines, text) => {
    for (const scope of ["interface", "router"] as const)
      for (const family of [4, 6] as const)
        expect(added(lines, scope, family)).toEqual(chains(text, scope, family))
  })

  test("a family's prefix", () => {
    const four = ["ipv4 protection strong 20/sec 20"]
    expect(added(four, "interface", 4)).toEqual(chains(strong("20/sec", "20"), "interface", 4))
    expect(added(four, "interface", 6)).toEqual([])
    expect(added(["ipv6 protection syn-floods 20/sec 20"], "router", 4)).toEqual([])
  })

  test("in a group", () => {
    const lines = [
      "group with src 203.0.113.0/24",
      "protection syn-floods",
      "server http accept",
      "group end",
    ]
    expect(added(lines, "interface", 4)).toEqual([
      ...[":in_group1", ":out_group1", ":pr_group1_sfl1"],
      "-A in_wan -s 203.0.113.0/24 -j in_group1",
      "-A out_wan -d 203.0.113.0/24 -j out_group1",
      "-A in_group1 -p tcp --syn -j pr_group1_sfl1",
      "-A pr_group1_sfl1 -m limit --limit 100/s --limit-burst 50 -j RETURN",
      '-A pr_group1_sfl1 -m limit --limit 1/second --limit-burst 5 -j LOG --log-level warning --log-prefix="BLOCKED SYN FLOOD:"',
      "-A pr_group1_sfl1 -j DROP",
      "-A in_group1 -p tcp --sport 1024:65535 --dport 80 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
      "-A out_group1 -p tcp --sport 80 --dport 1024:65535 -m conntrack --ctstate ESTABLISHED -j ACCEPT",
    ])
  })

  test("FIREHOL_DROP_INVALID=0: invalid has a rule, and the rules of FireHOL's own are gone", () => {
    const found = added(["FIREHOL_DROP_INVALID=0", "protection invalid"], "router", 4)
    expect(found.filter((line) => !line.startsWith("- "))).toEqual([
      "-A in_r1 -m conntrack --ctstate INVALID -j DROP",
    ])
    expect(found.filter((line) => line.endsWith("INVALID -j DROP")).slice(1)).toEqual(
      ["FORWARD", "INPUT", "OUTPUT"].map((chain) => `- -A ${chain} -m conntrack --ctstate INVALID -j DROP`),
    )
  })

  test("FIREHOL_RULESET_MODE=optimal: what is established passes first, and needs no rules of its own", () => {
    const found = added(['FIREHOL_RULESET_MODE="optimal"', "protection malformed-null"], "interface", 4)
    const ssh = "-p tcp --sport 1024:65535 --dport 22 -m conntrack --ctstate"
    expect(found).toEqual([
      ":pr_wan_mnl1",
      ...["INPUT", "OUTPUT", "FORWARD"].map(
        (chain) => `-A ${chain} -m conntrack --ctstate ESTABLISHED -j ACCEPT`,
      ),
      ...chains("mnl1", "interface", 4).slice(1),
      `-A in_wan ${ssh} NEW -j ACCEPT`,
      `- -A in_wan ${ssh} NEW,ESTABLISHED -j ACCEPT`,
      "- -A out_wan -p tcp --sport 22 --dport 1024:65535 -m conntrack --ctstate ESTABLISHED -j ACCEPT",
    ])
  })

  test("FIREHOL_LOG_MODE=NFLOG: all that is written down goes there", () => {
    const found = added(['FIREHOL_LOG_MODE="NFLOG"', "protection malformed-null"], "interface", 4)
    expect(found).toContain(
      '-A pr_wan_mnl1 -m limit --limit 1/second --limit-burst 5 -j NFLOG --nflog-prefix="BLOCKED MALFORMED NULL:"',
    )
    expect(found).toContain(
      '-A in_wan -m limit --limit 1/second --limit-burst 5 -j NFLOG --nflog-prefix="DROP UNMATCHED IN-wan:"',
    )
  })
})

describe("the whole table", () => {
  const rules = (text: string) => importFirehol([{ path: "firehol.conf", text }], options).ownerRules?.()

  test("of an interface", () => {
    expect(
      rules(
        "version 5\ninterface eth0 wan src not 10.0.0.0/8\n  protection malformed-null\n  server http accept\n",
      ),
    ).toMatchSnapshot()
  })

  test("of lists, services with conditions and a router", () => {
    const text = `version 5
blacklist full inface eth0 loglimit "BAD" "203.0.113.0/24 198.51.100.7" except src 203.0.113.9
iptables -I INPUT -s 192.0.2.9 -j ACCEPT
mac 192.0.2.1 00:11:22:33:44:55
interface eth0 wan src not "\${UNROUTABLE_IPS}"
  policy reject
  server ssh accept with recent ssh 60 4
  server http accept with limit 10/sec 20
  server smtp accept with connlimit upto 5 src "192.0.2.0/24 198.51.100.0/24"
  client all accept
router lan2wan inface eth1 outface eth0 src 10.0.0.0/8
  route "ping dns" accept
  server ident reject with tcp-reset
`
    expect(rules(text)?.ipv4).toMatchSnapshot()
  })

  test("nothing, where FireHOL does not activate the file", () => {
    const none = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
    const found = rules("interface eth0 wan\n  protection syn-floods abc\n")
    expect(found?.ipv4).toBe(`# Generated by iptables-save\n${none}`)
    expect(found?.ipv6).toBe(`# Generated by ip6tables-save\n${none}`)
  })

  test.each(Object.entries(examples))("of %s is read", (_name, text) => {
    const owner = rules(text)
    for (const [family, table] of [
      [4, owner?.ipv4 ?? ""],
      [6, owner?.ipv6 ?? ""],
    ] as const) {
      const { diagnostics } = readIptables({ path: "rules", text: table }, family)
      expect(diagnostics.filter(({ severity }) => severity === "error").map(printDiagnostic)).toEqual([])
    }
  })
})

import { describe, expect, test } from "vitest"
import type { Imported, OwnerOutcome } from "../imported.js"
import { importFirehol } from "./import.js"

/** What FireHOL fails at, as measured: for each form that a configuration can show, what is said of which line. */
interface Failure {
  readonly name: string
  readonly lines: readonly string[]
  /** By line: what FireHOL makes of it, words of what it does, and the diagnostic. */
  readonly says: Readonly<Record<number, readonly [owner: OwnerOutcome, does: RegExp, id?: string]>>
}

const wan = ["version 6", "interface eth0 wan"]
const four = ["version 5", "interface eth0 wan"]

const failures: readonly Failure[] = [
  {
    name: "a list without quotation marks: the second type becomes the rate, and nothing is activated",
    lines: [...wan, "protection syn-floods malformed-xmas"],
    says: {
      3: [
        "refused",
        /malformed-xmas becomes the rate.*Nothing of the file is activated/,
        "firehol-unquoted-types",
      ],
    },
  },
  {
    name: "a list of packet types without quotation marks: the second is lost without a word",
    lines: [...wan, "protection malformed-xmas malformed-null"],
    says: {
      3: [
        "nothing",
        /malformed-null: FireHOL takes it for a word that it does not need/,
        "firehol-unquoted-types",
      ],
    },
  },
  {
    name: "types behind a group are not read",
    lines: [
      ...wan,
      'protection "bad-packets syn-floods all-floods" 90/sec 40',
      'protection "strong all-floods"',
    ],
    says: {
      3: ["nothing", /left out without a word, for it stands behind bad-packets/, "firehol-after-group"],
      4: ["nothing", /stands behind strong/, "firehol-after-group"],
    },
  },
  {
    name: "connrate as its manual writes it has never worked",
    lines: [...wan, "protection connrate 60/minute burst 10"],
    says: { 3: ["refused", /connrate without upto is an error/, "firehol-connrate-without-upto"] },
  },
  {
    name: "parameters of connlimit drop everybody else",
    lines: [...four, "protection connlimit 5 src 1.2.3.4", "protection connlimit 5 mac 00:11:22:33:44:55"],
    says: {
      3: ["partly", /all others are dropped altogether/, "firehol-client-parameters"],
      4: ["partly", /all others are dropped altogether/, "firehol-client-parameters"],
    },
  },
  {
    name: "an IPv4 address in a line for both families",
    lines: [...wan, "protection connlimit 5 src 192.0.2.3"],
    says: { 3: ["refused", /gets into the rules of ip6tables/, "firehol-address-family"] },
  },
  {
    name: "a mask of IPv4 for IPv6",
    lines: [...wan, "protection connlimit 10 mask 32", "protection connrate upto 1/s srcmask 24"],
    says: {
      3: ["partly", /for IPv6, all of a \/32 count as one client/, "firehol-ipv6-mask"],
      4: ["partly", /for IPv6, all of a \/24 count as one client/, "firehol-ipv6-mask"],
    },
  },
  {
    name: "a second connrate shares the first one's table",
    lines: [...four, "protection connrate upto 60/minute", "protection connrate upto 5/second"],
    says: {
      3: ["works", /60 new connections a minute/],
      4: ["partly", /each connection counts twice/, "firehol-connrate-twice"],
    },
  },
  {
    name: "one limit for all",
    lines: [...wan, "protection syn-floods 10/sec 10"],
    says: { 3: ["works", /for all sources together/, "firehol-shared-limit"] },
  },
  {
    name: "a protection behind the line that accepts",
    lines: [
      ...wan,
      "server http accept",
      "protection syn-floods 10/sec 10",
      "server all accept",
      "protection malformed-null",
    ],
    says: {
      4: ["partly", /does not see what line 3 lets in/, "firehol-hidden-by-accept"],
      6: ["nothing", /does not see what line 3 lets in/, "firehol-hidden-by-accept"],
    },
  },
  {
    name: "invalid under policy accept",
    lines: [...wan, "policy accept", "protection invalid", "protection bad-packets"],
    says: {
      4: [
        "nothing",
        /no rule stands for invalid, and policy accept lets such packets in/,
        "firehol-invalid-unchecked",
      ],
      5: ["partly", /policy accept lets such packets in/, "firehol-invalid-unchecked"],
    },
  },
  {
    name: "arguments that nobody checks",
    lines: [
      ...four,
      "protection syn-floods abc",
      "protection strong reverse",
      "protection syn-floods 10/sec 5 src 192.0.2.1",
      "protection",
      "protection connlimit",
      'protection "syn-floods connlimit" 20 10',
    ],
    says: {
      3: ["refused", /"abc" gets into the rules unchecked/, "firehol-bad-argument"],
      4: ["refused", /"reverse" gets into the rules unchecked/, "firehol-bad-argument"],
      5: ["partly", /"src 192.0.2.1" is left out/, "firehol-ignored-words"],
      6: ["nothing", /asks for nothing/, "firehol-bad-argument"],
      7: ["refused", /connlimit stops at "nothing"/, "firehol-bad-argument"],
      8: ["refused", /FireHOL cannot understand "10"/],
    },
  },
  {
    name: "misspelt commands are passed over",
    lines: [...wan, "protecton strong", "protection4 strong", "server ssh accept"],
    says: {
      3: ["nothing", /is no command: bash says so, and FireHOL goes on/, "firehol-unknown-command"],
      4: ["nothing", /is no command/, "firehol-unknown-command"],
    },
  },
  {
    name: "names that are too long, or there twice",
    lines: [
      "version 6",
      "interface eth0 a-name-of-20-letters",
      "protection strong",
      "interface eth1 lan",
      "router lan inface eth1 outface eth0",
    ],
    says: {
      3: ["refused", /names that are too long/, "firehol-name"],
      5: ["refused", /chains of "lan" are there already/, "firehol-name"],
    },
  },
  {
    name: "settings of the kernel that stay, and a log without a limit",
    lines: [
      "version 5",
      "synproxy input inface eth0 dst 192.0.2.1 dport 80 accept",
      "blacklist full 203.0.113.0/24",
      "interface eth0 wan",
      "server http accept",
    ],
    says: {
      2: ["works", /cookies/, "firehol-synproxy-settings"],
      3: ["works", /Drops what comes from the addresses/, "firehol-unlimited-log"],
    },
  },
  {
    name: "recent lets in one less than its manual says",
    lines: [...four, "server smtp accept with recent mail 60 2"],
    says: { 3: ["partly", /Lets in 1 of the 2 connections/] },
  },
  {
    name: "fragments have no rule",
    lines: [...wan, "protection fragments", "protection bad-packets"],
    says: {
      3: ["nothing", /no rule stands for it/, "firehol-fragments"],
      4: ["partly", /no rule stands for fragments/, "firehol-fragments"],
    },
  },
]

function read(lines: readonly string[]): Imported {
  return importFirehol([{ path: "firehol.conf", text: `${lines.join("\n")}\n` }], {
    exact: false,
    read: () => ({ id: "unreadable-file", message: "none" }),
  })
}

describe("what FireHOL really does with a line is said of that line", () => {
  test.each(failures)("$name", ({ lines, says }) => {
    const { items } = read(lines)
    for (const [line, [owner, does, id]] of Object.entries(says)) {
      const own = items.filter(({ span }) => span.line === Number(line))
      const found = own.find((item) => item.owner === owner && does.test(item.ownerDoes))
      expect(found, own.map((item) => `${item.owner}: ${item.ownerDoes}`).join("\n")).toBeDefined()
      if (id !== undefined)
        expect(own.flatMap(({ diagnostics }) => diagnostics.map((each) => each.id))).toContain(id)
      for (const { span } of own.flatMap(({ diagnostics }) => diagnostics))
        expect(span?.line).toBe(Number(line))
    }
  })

  test("a file that FireHOL does not activate says so first, with the line", () => {
    expect(read([...wan, "protection syn-floods abc"]).closed.before).toMatch(
      /does not activate this file \(line 3\)/,
    )
    expect(read([...wan, "protection syn-floods"]).closed.before).not.toMatch(/not activate/)
  })

  test("reloads that open everything, and stops that stop nothing, stand in the hand-over", () => {
    const steps = read([...wan, "server ssh accept"]).handOver.join("\n")
    expect(steps).toMatch(/with iptables-nft, stop says OK and leaves them/)
    expect(steps).toMatch(/Docker, fail2ban/)
  })
})

/** Every form of the language: what becomes of it. */
const forms: readonly (readonly [line: string, becomes: string])[] = [
  ["protection strong", "protect.wan.syn-floods: 100/second burst 50"],
  ["protection STRONG 10/sec 10", "protect.wan.icmp-floods: 10/second burst 10"],
  ["protection full 5/m 3", "protect.wan.syn-floods: 5/minute burst 3"],
  ["protection all", "protect.wan.malformed-bad: drop"],
  ["protection Bad-Packets", "protect.wan.new-tcp-without-syn: drop"],
  ["protection invalid,malformed-null", "protect.wan.malformed-null: drop"],
  ['protection "icmp-floods  syn-floods" 7/h', "protect.wan.icmp-floods: 7/hour burst 50"],
  ["protection all-floods 90/day 40", "protect.wan.all-floods: 90/day burst 40"],
  ["protection reverse syn-floods 10/sec 5", "protect.wan.outgoing.syn-floods: 10/second burst 5"],
  ["protection connlimit 10", "protect.wan.connections: 10"],
  ["protection connlimit 10 mask 24 saddr", "protect.wan.connections: { limit: 10, per: /24"],
  ["protection connlimit 10 dport 80 proto tcp", "protect.wan.connections: { limit: 10, ports: [80/tcp]"],
  [
    "protection connlimit 10 SRC not 192.0.2.9",
    "protect.wan.connections: { limit: 10, for: { 192.0.2.9: off",
  ],
  ["protection connrate upto 60/minute burst 10", "protect.wan.connection-rate: 60/minute burst 10"],
  [
    "protection connrate upto 1/s srcmask 24 htable_size 64 htable-expire 9",
    "protect.wan.connection-rate: { limit: 1/second burst 5",
  ],
  ["server ssh accept", "protect.wan.open: 22/tcp"],
  ['server4 "http https" accept', "protect.wan.open: 443/tcp"],
  ["ipv4 server smtp,imaps accept", "protect.wan.open: 993/tcp"],
  ["server custom app tcp/8000:8010 default accept", "protect.wan.open: 8000-8010/tcp"],
  ["server ssh accept src 192.0.2.1", "protect.wan.open: { ports: [22/tcp], from: [192.0.2.1] }"],
  [
    "server http accept with limit 10/sec 20",
    "protect.wan.connection-rate: { limit: 10/second burst 20, ports: [80/tcp] }",
  ],
  [
    "server http accept with connlimit upto 20 mask 24",
    "protect.wan.connections: { limit: 20, per: /24, ports: [80/tcp] }",
  ],
  [
    "server http accept with hashlimit web upto 5/s burst 9 mode srcip",
    "protect.wan.connection-rate: { limit: 5/second burst 9, ports: [80/tcp] }",
  ],
  [
    "server ssh accept with recent ssh 60 4",
    "protect.wan.port-floods: { 22/tcp: { limit: more than 4 in 60s",
  ],
  ["server ping accept with limit 2/sec 5", "protect.wan.icmp-floods: 2/second burst 5"],
  [
    "group with dport 80 proto tcp\nprotection connlimit 9\ngroup end",
    "protect.wan.connections: { limit: 9, ports: [80/tcp]",
  ],
  [
    "group start src 192.0.2.0/24\nprotection connlimit 9\ngroup stop",
    "protect.wan.connections: { limit: 9, for: { 192.0.2.0/24: 9",
  ],
  ["for x in ssh http\ndo\nserver $x accept\ndone", "protect.wan.open: 80/tcp"],
  ['list="ssh http"\nserver "$list" accept', "protect.wan.open: 80/tcp"],
  ['limit="10/sec 20"\nprotection syn-floods $limit', "protect.wan.syn-floods: 10/second burst 20"],
  ["protection \\\n  syn-floods \\\n  10/sec", "protect.wan.syn-floods: 10/second burst 50"],
]

describe("every form of the language", () => {
  test.each(forms)("%s", (line, becomes) => {
    const { items } = read(["ENABLE_IPV6=0", "interface eth0 wan", line])
    const plain = (text: string) =>
      text.replaceAll(', for: { "::/0": off }', "").replaceAll('{ for: { "::/0": off } }', "drop")
    const found = items.map((item) =>
      plain((item.becomes ?? "").replace(/\{ limit: ([^,{}]*), for: \{ "::\/0": off \} \}/g, "$1")),
    )
    expect(found.join("; ")).toContain(becomes)
    expect(items.filter((item) => item.relation === "lost" || item.owner === "refused")).toEqual([])
  })
})

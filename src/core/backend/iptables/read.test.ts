import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { hasErrors, printDiagnostic } from "../../base/diagnostic.js"
import { extensions } from "../../ruleset/xtables/extensions.js"
import { readIptables } from "./read.js"
import { renderIptables } from "./render.js"

/** The rules that a text comes to, a line each; or its mistakes. */
function read(text: string, family: 4 | 6 = 4): string {
  const { ruleset, diagnostics } = readIptables({ path: "rules", text }, family)
  if (hasErrors(diagnostics)) return diagnostics.map(printDiagnostic).join("\n")
  const { text: printed, ipsets } = renderIptables(ruleset, family)
  return `${ipsets}${printed}`
    .split("\n")
    .filter((line) => /^(?:-A|create|add)/.test(line))
    .join("\n")
}

function rule(text: string, family: 4 | 6 = 4, table = "filter", chain = "FORWARD"): string {
  return read(`*${table}\n-A ${chain} ${text}\nCOMMIT\n`, family).replace(`-A ${chain} `, "")
}

/** What iptables 1.8.9 prints. */
describe("a rule is printed as iptables-save prints it", () => {
  test.each<[string, string]>([
    ["-j ACCEPT", "-j ACCEPT"],
    ["-p TCP --dport http", "-p tcp -m tcp --dport 80"],
    ["-p 6 --dpo 80 --spo 7", "-p tcp -m tcp --sport 7 --dport 80"],
    ["--protocol=udp --source=1.2.3.4", "-s 1.2.3.4/32 -p udp"],
    ["-s 10.1.2.3/8 ! -d 10.1 -i + -o eth+", "-s 10.0.0.0/8 ! -d 10.1.0.0/32 -o eth+"],
    ["-s 10.11.12.13/255.0.255.0", "-s 10.0.12.0/255.0.255.0"],
    ["-p tcp --syn -j DROP", "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP"],
    ["-m limit --limit 60/min --limit-burst 5", "-m limit --limit 1/sec"],
    ["-m conntrack --ctstate est,rel", "-m conntrack --ctstate RELATED,ESTABLISHED"],
    ["-m mark --mark 16/0xff -m connmark --mark 2", "-m mark --mark 0x10/0xff -m connmark --mark 0x2"],
    ['-m comment --comment "a \\"b\\" c"', '-m comment --comment "a \\"b\\" c"'],
    ["-p icmp --icmp-type ping", "-p icmp -m icmp --icmp-type 8"],
    ["-m recent --set", "-m recent --set --name DEFAULT --mask 255.255.255.255 --rsource"],
    [
      "-m hashlimit --hashlimit 5/min --hashlimit-name x",
      "-m hashlimit --hashlimit-upto 5/min --hashlimit-burst 5 --hashlimit-name x",
    ],
    ["-m string --hex-string GET|200d|x --algo bm", '-m string --hex-string "|474554200d78|" --algo bm'],
    ["-m u32 --u32 6&0xFF=1:2,17", '-m u32 --u32 "0x6&0xff=0x1:0x2,0x11"'],
    ["-j REJECT", "-j REJECT --reject-with icmp-port-unreachable"],
    ["-j MARK --set-mark 5/3", "-j MARK --set-xmark 0x5/0x7"],
    ["-j LOG --log-level warning --log-prefix x", "-j LOG --log-prefix x"],
    [
      "-m statistic --mode random --probability 0.1",
      "-m statistic --mode random --probability 0.10000000009",
    ],
    ["-c 5 6 -j ACCEPT", "-j ACCEPT"],
  ])("%s", (written, printed) => {
    expect(rule(written)).toBe(printed)
    expect(rule(printed)).toBe(printed)
  })
})

describe("a mistake stands at its word", () => {
  test.each<[string, string]>([
    [
      "-p tcp --dport 70000",
      "rules:2:27: a port is at most 65535, not 70000 [xt-bad-value]\n  hint: --dport takes: port, or range of ports: 22, ssh, 1024:65535, :1023",
    ],
    [
      "--dport 80",
      "rules:2:12: --dport is not an option here [xt-unknown-option]\n  hint: --dport needs -p tcp or -p udp before it",
    ],
    [
      "-p tcp --dpotr 80",
      'rules:2:19: --dpotr is not an option here [xt-unknown-option]\n  hint: did you mean "--dport"?',
    ],
    [
      "-p tcp --dport ! 80",
      "rules:2:27: ! stands before --dport, not behind it [xt-negation]\n  hint: write ! --dport 80",
    ],
    ["-m limit ! --limit 1/s", "rules:2:21: --limit cannot be negated [xt-negation]"],
    ["-m state --state NEW --state NEW", "rules:2:33: --state stands twice [xt-option-twice]"],
    [
      "-s www.example.com",
      "rules:2:15: www.example.com is a host name, and who it is hangs on whom one asks and when [xt-host-name]\n  hint: write its address",
    ],
    ["-j NOSUCH", "rules:2:15: there is no chain or target NOSUCH [unknown-chain]"],
    [
      "-j SNAT --to-source 1.2.3.4",
      "rules:2:15: -j SNAT works in the table nat only, and this is filter [xt-wrong-place]",
    ],
    [
      "-m owner --uid-owner 0",
      "rules:2:15: -m owner does not work in FORWARD, but in OUTPUT, POSTROUTING [xt-wrong-place]",
    ],
    ["-m tcp --dport 1", "rules:2:15: -m tcp needs -p tcp in the rule [xt-bad-options]"],
    ["-m statistic --mode nth", "rules:2:15: --mode nth needs --every [xt-bad-options]"],
    ["stray", 'rules:2:12: "stray" means nothing here [xt-word]'],
    ["-j ACCEPT -j DROP", "rules:2:22: a rule has one target: -j or -g stands twice [xt-option-twice]"],
  ])("%s", (written, expected) => expect(rule(written)).toBe(expected))
})

/** What iptables-restore 1.8.9 takes, and what it refuses, in both its programs. */
test.each<readonly [string, boolean]>([
  ["*filter anything\nCOMMIT\n", true],
  [":INPUT ACCEPT\nCOMMIT\n", true],
  [":INPUT ACCEPT [1:2\nCOMMIT\n", true],
  [":INPUT ACCEPT 1\nCOMMIT\n", true],
  ['-A INPUT -m comment --comment "x\nCOMMIT\n', true],
  ["-A INPUT -m limit --limit 5x/s\nCOMMIT\n", true],
  ["-A INPUT -m recent --rcheck --hitcount 0\nCOMMIT\n", true],
  [":REJECT - [0:0]\nCOMMIT\n", true],
  ["COMMIT", true],
  ["COMMIT \n", false],
  ["   \nCOMMIT\n", false],
  ["  # a comment\nCOMMIT\n", false],
  [":ACCEPT - [0:0]\nCOMMIT\n", false],
  ["-N REJECT\nCOMMIT\n", false],
  ["-A INPUT -m hashlimit --hashlimit-name x --hashlimit-upto 1/day\nCOMMIT\n", false],
  ["-A INPUT -m hashlimit --hashlimit-name x --hashlimit-upto 1/day --hashlimit-burst 1\nCOMMIT\n", true],
  [
    "-A INPUT -m hashlimit --hashlimit-name x --hashlimit-upto 1/s --hashlimit-htable-expire 0\nCOMMIT\n",
    false,
  ],
])("%j is taken: %s", (lines, isTaken) => {
  const text = lines.startsWith("*") ? lines : `*filter\n${lines}`
  const { diagnostics } = readIptables({ path: "rules", text }, 4)
  expect(diagnostics.some(({ severity }) => severity === "error")).toBe(!isTaken)
})

test("what nobody knows keeps its words, and says what is assumed", () => {
  const text = "*filter\n-A INPUT -m nosuch --foo 1 ! --bar -s 1.2.3.4 -j TARPIT --tarpit\nCOMMIT\n"
  const { diagnostics } = readIptables({ path: "rules", text }, 4)
  expect(diagnostics.map(printDiagnostic)).toEqual([
    "rules:2:13: the match nosuch is not known: the engine assumes that it never matches [xt-unknown-match]",
    "rules:2:50: the target TARPIT is not known: the engine assumes that it does nothing [xt-unknown-target]",
  ])
  expect(read(text)).toBe("-A INPUT -s 1.2.3.4/32 -m nosuch --foo 1 ! --bar -j TARPIT --tarpit")
})

test("a match that is nearly one of iptables' is a mistake, unless others have it", () => {
  const told = (match: string) => {
    const text = `*filter\n-A INPUT -m ${match} -j DROP\nCOMMIT\n`
    return readIptables({ path: "rules", text }, 4).diagnostics.map(
      ({ severity, hint }) => `${severity} ${hint}`,
    )
  }
  expect(told("contrack --ctstate NEW")).toEqual(['error did you mean "conntrack"?'])
  expect(told("--dport 22")).toEqual(["error undefined"])
  expect(told("quota2 --name x")).toEqual(["warning undefined"])
  expect(told("geoip --src-cc FR")).toEqual(["warning undefined"])
})

test("a word that is nearly another names it, and mistakes stand in the order of their lines", () => {
  const text = `*filter
:SHS - [0:0]
-A INPUT -j REJECT -m owner --uid-owner 0
-A INPTU -j ACCEPT
-A INPUT -j SSH
-A INPUT -p tcp --dprot 22 -j ACCEPT
-A INPUT -m string --algo mb --string x -j DROP
COMMIT
*fliter
COMMIT
`
  const { diagnostics } = readIptables({ path: "rules", text }, 4)
  expect(diagnostics.map(printDiagnostic)).toEqual([
    "rules:3:23: -m owner does not work in INPUT, but in OUTPUT, POSTROUTING [xt-wrong-place]",
    'rules:4:4: the table filter has no chain INPTU [unknown-chain]\n  hint: did you mean "INPUT"?',
    'rules:5:13: there is no chain or target SSH [unknown-chain]\n  hint: did you mean "SHS"?',
    'rules:6:17: --dprot is not an option here [xt-unknown-option]\n  hint: did you mean "--dport"?',
    'rules:7:27: "mb" is none of bm, kmp [xt-bad-value]\n  hint: did you mean "bm"?',
    'rules:9:2: there is no table fliter: raw, mangle, nat, filter, security [xt-table]\n  hint: did you mean "filter"?',
  ])
})

test("a text without a command of iptables is no script of its", () => {
  const { diagnostics } = readIptables({ path: "rules", text: "hello world\n" }, 4)
  expect(diagnostics.map(printDiagnostic)).toContain(
    "rules:1:1: there is no command of iptables in this text [xt-command]",
  )
})

test("commands change tables one after the other", () => {
  const script = String.raw`#!/bin/sh
IPT="/sbin/iptables -w"
$IPT -N web; $IPT -A web -p tcp --dport 80 -j ACCEPT && $IPT -A INPUT -j web
sudo iptables -I INPUT 1 -s 192.0.2.1,192.0.2.2 -j DROP
iptables -A INPUT -m comment --comment 'it'"'"'s' \
  -j LOG --log-prefix "in: "   # said aloud
iptables-legacy --table=nat -A POSTROUTING -o eth0 -j MASQUERADE > /dev/null 2>&1
ip6tables -A INPUT -j DROP
iptables -D INPUT -j web
`
  expect(read(script)).toBe(
    [
      "-A POSTROUTING -o eth0 -j MASQUERADE",
      "-A INPUT -s 192.0.2.2/32 -j DROP",
      "-A INPUT -s 192.0.2.1/32 -j DROP",
      String.raw`-A INPUT -m comment --comment "it\'s" -j LOG --log-prefix "in: "`,
      "-A web -p tcp -m tcp --dport 80 -j ACCEPT",
    ].join("\n"),
  )
  expect(read(script, 6)).toBe("-A INPUT -j DROP")
})

test("what a script does besides is told", () => {
  const { diagnostics } = readIptables(
    {
      path: "fw.sh",
      text: 'sysctl -w net.ipv4.ip_forward=1\nfor port in 22 80; do\n  iptables -A INPUT -p tcp --dport $port -j ACCEPT\ndone\necho "done"\n',
    },
    4,
  )
  expect(diagnostics.map(({ severity, span, id }) => `${span?.line} ${severity} ${id}`)).toEqual([
    "1 warning xt-not-read",
    "2 warning xt-not-read",
    "2 warning xt-not-read",
    "3 warning xt-not-read",
    "4 warning xt-not-read",
  ])
})

test("a list of sets holds what its sets hold, of the rules' IP version; what is not read is told once, and is empty", () => {
  const text = `create four hash:net
add four 10.0.0.0/8
create six hash:net family inet6
add six 2001:db8::/32
create ports bitmap:port range 0-99
create all list:set size 8
add all six
add all four
create other bitmap:what
add other 1
add other 2
*filter
-A INPUT -m set --match-set all src -j DROP
-A INPUT -m set --match-set other src -j DROP
COMMIT
`
  const elementsOf = (family: 4 | 6) => {
    const { ruleset, diagnostics } = readIptables({ path: "rules", text }, family)
    expect(diagnostics.map(({ severity, id, span }) => [severity, id, span?.line])).toEqual([
      ["warning", "xt-not-read", 9],
    ])
    return ruleset.tables[0]?.sets.map(({ name, elements }) => [name, elements?.map(({ key }) => key)])
  }
  expect(elementsOf(4)).toEqual([
    ["all", [{ prefix: [0x0a000000], length: 8 }]],
    ["other", undefined],
  ])
  expect(elementsOf(6)).toEqual([
    ["all", [{ prefix: [0x20010db8, 0, 0, 0], length: 32 }]],
    ["other", undefined],
  ])
})

describe("sets of ipset come with the tables that ask for them", () => {
  test.each<[string, string]>([
    [
      "create bad hash:ip family inet timeout 60\nadd bad 1.2.3.4 timeout 5\nadd bad 1.2.3.5\n",
      "create bad hash:ip family inet timeout 60\nadd bad 1.2.3.4 timeout 5\nadd bad 1.2.3.5\n",
    ],
    [
      "ipset -N bad hash:net\nipset add bad 10.0.0.0/8 # private\nipset add bad 192.0.2.1",
      "create bad hash:net family inet\nadd bad 10.0.0.0/8\nadd bad 192.0.2.1\n",
    ],
    [
      "ipset create bad hash:ip,port counters\nipset add bad 1.2.3.4,80\nipset add bad 1.2.3.4,udp:53-54",
      "create bad hash:ip,port family inet counters\nadd bad 1.2.3.4,tcp:80\nadd bad 1.2.3.4,udp:53\nadd bad 1.2.3.4,udp:54\n",
    ],
    [
      "create bad hash:ip netmask 24\nadd bad 1.2.3.4",
      "create bad hash:ip family inet netmask 24\nadd bad 1.2.3.0\n",
    ],
    [
      "create bad hash:net,iface\nadd bad 10.0.0.0/8,eth0",
      "create bad hash:net,iface family inet\nadd bad 10.0.0.0/8,eth0\n",
    ],
    [
      "ipset create bad hash:ip\nipset add bad 1.2.3.0/30\nipset add bad 1.2.4.254-1.2.5.0\nipset del bad 1.2.3.0/31",
      "create bad hash:ip family inet\nadd bad 1.2.3.2\nadd bad 1.2.3.3\nadd bad 1.2.4.254\nadd bad 1.2.4.255\nadd bad 1.2.5.0\n",
    ],
    ["create bad hash:mac\nadd bad 0:1:2:3:4:ff", "create bad hash:mac\nadd bad 00:01:02:03:04:ff\n"],
    [
      "create bad bitmap:port range 0-1024\nadd bad 20-22",
      "create bad bitmap:port range 0-65535\nadd bad 20\nadd bad 21\nadd bad 22\n",
    ],
  ])("%s", (lines, expected) => {
    const rules = "iptables -A INPUT -m set --match-set bad src -j DROP\n"
    const { ruleset, diagnostics } = readIptables({ path: "fw.sh", text: `${lines}\n${rules}` }, 4)
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([])
    const rendered = renderIptables(ruleset, 4)
    expect(rendered.ipsets).toBe(expected)
    const again = readIptables({ path: "rules", text: rendered.ipsets + rendered.text }, 4)
    expect(renderIptables(again.ruleset, 4)).toEqual({ ...rendered, diagnostics: [] })
  })

  test.each<[string, string]>([
    ["create bad hash:ip\nadd bad 1.2.3", "xt-bad-value"],
    ["create bad hash:ip\nadd bad 1.0.0.0/8", "xt-bad-value"],
    ["create bad hash:ip\nadd bad 1.2.3.4,80", "xt-bad-value"],
    ["create bad hash:ip\nadd bad 1.2.3.4 timeout 5", "timeout-not-declared"],
    ["create other hash:ip", "unknown-set"],
    ["create bad hash:ip\ncreate bad hash:ip", "duplicate-name"],
    ["ipset add bad 1.2.3.4", "unknown-set"],
  ])("%s", (lines, id) => {
    const text = `${lines}\niptables -A INPUT -m set --match-set bad src -j DROP\n`
    const { diagnostics } = readIptables({ path: "fw.sh", text }, 4)
    expect(diagnostics.map((each) => each.id)).toContain(id)
  })
})

describe("whatever is read never throws", () => {
  const words = [
    ...extensions.flatMap(({ name, role, options }) => [
      role === "match" ? `-m ${name}` : `-j ${name}`,
      ...options.map((option) => `--${option.name}`),
    ]),
    ..."-A INPUT -I -D -N -P -X -F -E -R -p tcp udp 6 -s 1.2.3.4 10.0.0.0/8 -d ! -i eth0 -o + -f -c 1 2 1:2 , : / 0x 5/5 \" ' \\ | && ; ::1 [::1]:80 -t nat - -- = NEW all ALL -4 -6 iptables ip6tables ipset create add hash:ip x COMMIT *filter :a - [0:0] $x `".split(
      " ",
    ),
    "\n",
  ]
  const line = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 6 })), { maxLength: 14 })
  test.each<[string, string, 4 | 6]>([
    ["a file", "*filter\n-A INPUT ", 4],
    ["a file of IPv6", "*nat\n-A PREROUTING ", 6],
    ["a script", "iptables -A INPUT ", 4],
    ["sets", "ipset create a hash:ip,port\nipset add a ", 4],
    ["anything", "", 6],
  ])("%s", (_name, start, family) => {
    fc.assert(
      fc.property(line, (parts) => {
        const { ruleset, diagnostics } = readIptables(
          { path: "rules", text: `${start}${parts.join(" ")}` },
          family,
        )
        renderIptables(ruleset, family)
        for (const { span } of diagnostics) expect(span!.line).toBeGreaterThan(0)
      }),
      { numRuns: 300 },
    )
  })
})

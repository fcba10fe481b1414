import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { hasErrors, printDiagnostic } from "../../../base/diagnostic.js"
import type { Ruleset } from "../../../ruleset/ruleset.js"
import { renderNft } from "../render.js"
import { readNft, readNftJson } from "./read.js"

const file = (text: string) => ({ path: "rules.nft", text })

/** What is written of what is read, without the frame of the table. */
function listed(text: string): string {
  const { ruleset, diagnostics } = readNft(file(text))
  expect(diagnostics.filter(({ severity }) => severity === "error").map(printDiagnostic)).toEqual([])
  return renderNft(ruleset).text.replaceAll("\t", " ").trimEnd()
}

/** One rule in a chain of the table, as it is listed. */
function rule(text: string, family = "inet", head = "type filter hook input priority 0"): string {
  const whole = listed(`table ${family} t { chain c { ${head}\n${text}\n}; }`)
  return whole.split("\n").at(-3)!.trim()
}

function problems(text: string): string[] {
  return readNft(file(text)).diagnostics.map(printDiagnostic)
}

/** Without places: text and JSON of the same rules differ in nothing else. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === "origin" ? undefined : inner)))
}

const statements: readonly (readonly [written: string, listed?: string])[] = [
  ["counter packets 12 bytes 900 accept", "counter accept"],
  ["limit rate 10/minute drop", "limit rate 10/minute burst 5 packets drop"],
  [
    "limit rate over 1024 bytes/second burst 512 bytes drop",
    "limit rate over 1 kbytes/second burst 512 bytes drop",
  ],
  ["limit rate until 3 mbytes/hour accept", "limit rate 3 mbytes/hour accept"],
  ["quota over 25 mbytes used 3 kbytes drop"],
  ["ct count over 20 drop"],
  ["last accept"],
  ['log prefix "x: " group 7 snaplen 64 queue-threshold 3'],
  ["log level debug flags tcp sequence,options flags ip options"],
  ["log flags all level warn", "log flags tcp sequence,options flags ip options flags skuid flags ether"],
  ["reject with icmpx type admin-prohibited", "reject with icmpx admin-prohibited"],
  ["reject with tcp reset"],
  ["queue", "queue to 0"],
  ["queue num 1-3 bypass,fanout", "queue flags bypass,fanout to 1-3"],
  ["queue flags bypass to numgen inc mod 4", "queue flags bypass to numgen inc mod 4"],
  ["notrack"],
  ["meta mark set 0x10", "meta mark set 0x00000010"],
  ["mark set 7", "meta mark set 0x00000007"],
  ["ct mark set meta mark"],
  ["ip dscp set cs1"],
  ["tcp option maxseg size set 1360"],
  ["reset tcp option sack-perm"],
  ["meta nftrace set 1"],
  ["jump other"],
  ["goto other"],
  ["tcp dport vmap { 22 : accept, 80 : jump other, * : drop }"],
  ["synproxy mss 1460 wscale 7 timestamp sack-perm"],
  ["flow offload @f", "flow add @f"],
  ["dup to 192.0.2.1 device lo", 'dup to 192.0.2.1 device "lo"'],
  ['counter name "known"'],
  ['accept comment "why; not {this}"'],
  [
    "update @seen { ip saddr timeout 1m limit rate 5/second } accept",
    "update @seen { ip saddr timeout 1m limit rate 5/second burst 5 packets } accept",
  ],
  ["add @seen { 192.0.2.1 }"],
  ["set update ip saddr timeout 30s @seen", "update @seen { ip saddr timeout 30s }"],
  ["add @ports { ip saddr : tcp dport }"],
]

describe("statements are read and listed", () => {
  const table = (text: string) => `table inet t {
    counter known { }
    flowtable f { hook ingress priority 0; devices = { lo }; }
    set seen { type ipv4_addr; flags dynamic,timeout; }
    map ports { type ipv4_addr : inet_service; flags dynamic; }
    chain other { }
    chain c { type filter hook input priority 0
      ${text}
    }
  }`
  test.each(statements.map(([written, expected = written]) => [written, expected] as const))(
    "%s",
    (written, expected) => {
      const lines = listed(table(written)).split("\n")
      expect(lines.at(-3)!.trim()).toBe(expected)
      // And what is listed is read as the same.
      expect(listed(table(expected))).toBe(lines.join("\n"))
    },
  )
})

const translations: readonly (readonly [chain: string, written: string, listed?: string])[] = [
  [
    "prerouting",
    "ip saddr 192.0.2.9 tcp dport 80 dnat to 192.0.2.1:8080",
    "ip saddr 192.0.2.9 tcp dport 80 dnat ip to 192.0.2.1:8080",
  ],
  ["prerouting", "tcp dport 80 dnat ip6 to [2001:db8::1]:8080"],
  ["prerouting", "dnat ip to 192.0.2.1-192.0.2.9 random,persistent"],
  ["prerouting", "tcp dport 2222 redirect to :22"],
  ["prerouting", "dnat ip to tcp dport map { 80 : 192.0.2.1, 443 : 192.0.2.2 }"],
  [
    "prerouting",
    "meta l4proto tcp dnat ip addr . port to ip saddr map { 192.0.2.7 : 192.0.2.1 . 80 }",
    "meta l4proto tcp dnat ip to ip saddr map { 192.0.2.7 : 192.0.2.1 . 80 }",
  ],
  ["postrouting", "masquerade"],
  ["postrouting", "meta l4proto tcp masquerade to :1024-2048 fully-random"],
  ["postrouting", "snat ip prefix to ip saddr map { 10.1.0.0/24 : 192.0.2.0/24 }"],
]

describe("address translation is read and listed", () => {
  test.each(translations.map(([hook, written, expected = written]) => [hook, written, expected] as const))(
    "%s: %s",
    (hook, written, expected) => {
      expect(rule(written, "inet", `type nat hook ${hook} priority 0`)).toBe(expected)
    },
  )
})

test("variables stand for values, sets, names and chains, in their scope", () => {
  const text = `
define ports = { 22, 80 }
define lan = 10.0.0.0/8
define more = { $ports, 443 }
define hook = "input"
table inet t {
  define lan = 192.168.0.0/16
  chain other { }
  chain c {
    type filter hook $hook priority filter - 5; policy drop;
    ip saddr $lan tcp dport $more accept
    redefine lan = 172.16.0.0/12
    ip saddr $lan jump other
  }
}
add rule inet t c ip saddr $lan drop`
  expect(listed(text)).toMatchInlineSnapshot(`
    "table inet t {
     chain other {
     }

     chain c {
      type filter hook input priority -5; policy drop;
      ip saddr 192.168.0.0/16 tcp dport { 22, 80, 443 } accept
      ip saddr 172.16.0.0/12 jump other
      ip saddr 10.0.0.0/8 drop
     }
    }"
  `)
})

test("comments, continued lines, semicolons and quotes", () => {
  expect(
    listed(`# head
table inet t { # a table
  chain c { type filter hook input priority -10; policy accept; tcp dport \\
    22 accept; udp dport 53 accept
    iifname "eth0*" drop # not "this
  }
}`),
  ).toMatchInlineSnapshot(`
    "table inet t {
     chain c {
      type filter hook input priority -10; policy accept;
      tcp dport 22 accept
      udp dport 53 accept
      iifname "eth0*" drop
     }
    }"
  `)
})

test("commands run in order", () => {
  const text = `
add table ip t
add chain ip t c { type filter hook input priority 0; policy accept; }
add rule ip t c tcp dport 1 accept
add rule ip t c tcp dport 3 accept
insert rule ip t c tcp dport 0 accept
add rule ip t c index 1 tcp dport 2 accept
insert rule ip t c index 0 ip protocol 50 drop
delete rule ip t c index 1
add set ip t s { type ipv4_addr; }
add element ip t s { 192.0.2.1, 192.0.2.2, 192.0.2.3 }
delete element ip t s { 192.0.2.2 }
create table inet gone
delete table inet gone
rename chain ip t c d`
  expect(listed(text)).toMatchInlineSnapshot(`
    "table ip t {
     set s {
      type ipv4_addr
      elements = { 192.0.2.1, 192.0.2.3 }
     }

     chain d {
      type filter hook input priority 0; policy accept;
      ip protocol esp drop
      tcp dport 1 accept
      tcp dport 2 accept
      tcp dport 3 accept
     }
    }"
  `)
})

test("flush takes what was read before", () => {
  expect(listed("table ip a { chain c { accept\n }; }\nflush ruleset\ntable ip b { }")).toBe(
    "table ip b {\n}",
  )
  expect(listed("table ip a { chain c { accept\n }; }\nflush table ip a")).toBe(
    "table ip a {\n chain c {\n }\n}",
  )
})

test("everything a table declares", () => {
  const text = `table inet t {
	comment "all of it"
	flags dormant
	counter hits {
		comment "so many"
		packets 0 bytes 0
	;}
	quota much {
		over 25 mbytes
	;}
	limit slow {
		rate 10/second burst 5 packets
	;}
	ct helper ftp {
		type "ftp" protocol tcp
		l3proto ip
	;}
	ct timeout short {
		protocol tcp
		l3proto ip
		policy = { established : 2m, close : 10s }
	;}
	ct expectation data {
		protocol tcp
		dport 20
		timeout 1m
		size 12
		l3proto ip
	;}
	synproxy front {
		mss 1460 wscale 7 timestamp sack-perm
	;}
	flowtable fast {
		hook ingress priority 0
		devices = { "eth0", "eth1" }
		counter
	;}
	set hosts {
		comment "known"
		type ipv4_addr . inet_service
		size 1000
		flags dynamic,timeout
		timeout 1h
		gc-interval 10s
		counter
		elements = { 192.0.2.1 . 22 counter timeout 1h expires 59m comment "me" }
	;}
	map verdicts {
		type inet_service : verdict
		flags interval
		auto-merge
		elements = { 22 : accept, 80-90 : jump in }
	;}
	map objects {
		type ipv4_addr : counter
		elements = { 192.0.2.1 : "hits" }
	;}
	map marks {
		typeof ip saddr : meta mark
		elements = { 192.0.2.1 : 0x00000001 }
	;}
	chain in {
		comment "a chain"
		type filter hook ingress devices = { "eth0", "eth1" } priority -500; policy drop; flags offload;
		counter name ip saddr map @objects
	;}
}
`
  const { ruleset, diagnostics } = readNft(file(text))
  expect(diagnostics.map(printDiagnostic)).toEqual([])
  const rendered = renderNft(ruleset).text
  expect(plain(readNft(file(rendered)).ruleset)).toEqual(plain(ruleset))
  expect(rendered).toMatchInlineSnapshot(`
    "table inet t {
    	comment "all of it"
    	flags dormant

    	counter hits {
    		comment "so many"
    		packets 0 bytes 0
    	}

    	quota much {
    		over 25 mbytes
    	}

    	limit slow {
    		rate 10/second burst 5 packets
    	}

    	ct helper ftp {
    		type "ftp" protocol tcp
    		l3proto ip
    	}

    	ct timeout short {
    		protocol tcp
    		l3proto ip
    		policy = { established : 2m, close : 10s }
    	}

    	ct expectation data {
    		protocol tcp
    		dport 20
    		timeout 1m
    		size 12
    		l3proto ip
    	}

    	synproxy front {
    		mss 1460 wscale 7 timestamp sack-perm
    	}

    	flowtable fast {
    		hook ingress priority 0
    		devices = { "eth0", "eth1" }
    		counter
    	}

    	set hosts {
    		comment "known"
    		type ipv4_addr . inet_service
    		size 1000
    		flags dynamic,timeout
    		timeout 1h
    		gc-interval 10s
    		counter
    		elements = { 192.0.2.1 . 22 counter timeout 1h expires 59m comment "me" }
    	}

    	map verdicts {
    		type inet_service : verdict
    		flags interval
    		auto-merge
    		elements = { 22 : accept, 80-90 : jump in }
    	}

    	map objects {
    		type ipv4_addr : counter
    		elements = { 192.0.2.1 : "hits" }
    	}

    	map marks {
    		typeof ip saddr : meta mark
    		elements = { 192.0.2.1 : 0x00000001 }
    	}

    	chain in {
    		comment "a chain"
    		type filter hook ingress devices = { "eth0", "eth1" } priority -500; policy drop; flags offload;
    		counter name ip saddr map @objects
    	}
    }
    "
  `)
})

test("a chain without a name is one", () => {
  const text =
    "table ip t { chain c { type filter hook input priority 0\n tcp dport 22 jump { ip saddr 192.0.2.1 accept\n drop\n }\n }; }"
  expect(listed(text)).toMatchInlineSnapshot(`
    "table ip t {
     chain __chain0 {
      ip saddr 192.0.2.1 accept
      drop
     }

     chain c {
      type filter hook input priority 0; policy accept;
      tcp dport 22 jump __chain0
     }
    }"
  `)
})

test("an include brings lines, and knows what was defined", () => {
  const { ruleset, diagnostics } = readNft({
    ...file('define p = 22\ntable ip t { chain c {\n include "rules/*.nft"\n accept\n }; }\n'),
    include: (pattern, from) => [
      { path: `${pattern} of ${from}, first`, text: "tcp dport $p drop\n" },
      { path: "second", text: "tcp dport 23 drop\nnonsense here" },
    ],
  })
  expect(diagnostics.map(printDiagnostic)).toEqual([
    'second:2:1: "nonsense" is not a statement or a field that nft knows [nft-syntax]',
  ])
  const { rules } = ruleset.tables[0]!.chains[0]!
  expect(rules.map(({ origin }) => `${origin.span.file}:${origin.span.line} ${origin.text}`)).toEqual([
    "rules/*.nft of rules.nft, first:1 tcp dport $p drop",
    "second:1 tcp dport 23 drop",
    "rules.nft:4 accept",
  ])
})

const mistakes: readonly (readonly [text: string, problem: string])[] = [
  ["table inet t { chain c { type fliter hook input priority 0; }; }", "rules.nft:1:31"],
  ["table inet t { chain c { type filter hook inptu priority 0; }; }", "rules.nft:1:43"],
  ["table inet t { chain c { type filter hook input priority flter; }; }", "rules.nft:1:58"],
  ["table inet t {\n chain c {\n  tcp dprot 22 accept\n }\n}", "rules.nft:3:7"],
  ["table inet t {\n chain c {\n  acept\n }\n}", "rules.nft:3:3"],
  ["table inet t { chain c { tcp dport $nothing accept\n }; }", "rules.nft:1:36"],
  ["add rule ip nowhere c accept", "rules.nft:1:13"],
  ["table ip t { }\nadd rule ip t c accept", "rules.nft:2:15"],
  ["table ip t { chain c { jump nowhere\n }; }", "rules.nft:1:24"],
  ["table ip t { chain c { ip saddr @none accept\n }; }", "rules.nft:1:33"],
  ["table ip t { set s { type nonsense; }; }", "rules.nft:1:27"],
  ["table ip t { set s { type ipv4_addr; elements = { 10.0.0.0/8 }; }; }", "rules.nft:1:51"],
  ["table ip t { map m { type ipv4_addr; }; }", "rules.nft:1:18"],
  ["table ip t { chain c { type filter hook input priority 0\n dnat to 192.0.2.1\n }; }", "rules.nft:2:2"],
  ["table ip t { chain c { reject with icmpv6 no-route\n }; }", "rules.nft:1:24"],
  ['table ip t { chain c { log prefix "open\n } }', "rules.nft:1:35"],
  ["table ip t { chain c { accept", "rules.nft:1:30"],
  ["}", "rules.nft:1:1"],
  ["nonsense", "rules.nft:1:1"],
  ['include "x"', "rules.nft:1:9"],
]

describe("mistakes are told where they are", () => {
  test.each(mistakes)("%s", (text, place) => {
    const found = readNft(file(text)).diagnostics
    expect(hasErrors(found)).toBe(true)
    expect(found.map(({ span }) => `${span?.file}:${span?.line}:${span?.column}`)).toContain(place)
  })

  test("all of them in one pass, in order, and the rest is read", () => {
    const text =
      "table ip t { chain c {\n acept\n tcp dport 22 accept\n tcp dprot 22 accept\n udp dport 53 accept\n }; }"
    expect(problems(text)).toMatchInlineSnapshot(`
      [
        "rules.nft:2:2: "acept" is not a statement or a field that nft knows [nft-syntax]
        hint: did you mean "accept"?",
        "rules.nft:4:6: "dprot" is not a field of tcp [nft-syntax]
        hint: did you mean "dport"?",
      ]
    `)
    expect(readNft(file(text)).ruleset.tables[0]!.chains[0]!.rules).toHaveLength(2)
  })

  test("what the engine cannot know is a warning, and the rule says what is assumed", () => {
    const text = 'table ip t { chain c { xt match "recent" accept\n xt target "TRACE" accept\n }; }'
    const { ruleset, diagnostics } = readNft(file(text))
    expect(diagnostics.map(({ severity, id }) => `${severity} ${id}`)).toEqual([
      "warning nft-assumed",
      "warning nft-assumed",
    ])
    expect(ruleset.tables[0]!.chains[0]!.rules.map(({ steps }) => steps[0])).toEqual([
      { step: "opaque", text: 'xt match "recent"', assumes: "break" },
      { step: "opaque", text: 'xt target "TRACE"', assumes: "continue" },
    ])
  })
})

const json = `{"nftables": [
  {"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
  {"table": {"family": "inet", "name": "t", "handle": 1}},
  {"set": {"family": "inet", "name": "s", "table": "t", "type": "ipv4_addr", "handle": 2, "size": 64, "flags": ["timeout"], "timeout": 60,
    "elem": ["192.0.2.1", {"elem": {"val": "192.0.2.2", "timeout": 30, "expires": 12, "comment": "x"}}]}},
  {"map": {"family": "inet", "name": "m", "table": "t", "type": ["ipv4_addr", "inet_service"], "map": "verdict",
    "elem": [[{"concat": ["192.0.2.1", 22]}, {"accept": null}], [{"concat": ["192.0.2.1", 23]}, {"jump": {"target": "c"}}]]}},
  {"chain": {"family": "inet", "table": "t", "name": "c", "handle": 3}},
  {"chain": {"family": "inet", "table": "t", "name": "in", "handle": 4, "type": "filter", "hook": "input", "prio": -10, "policy": "drop"}},
  {"rule": {"family": "inet", "table": "t", "chain": "in", "handle": 5, "comment": "ssh", "expr": [
    {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": {"set": [22, {"range": [80, 90]}]}}},
    {"set": {"op": "update", "elem": {"elem": {"val": {"payload": {"protocol": "ip", "field": "saddr"}}, "timeout": 5}}, "set": "@s",
      "stmt": [{"limit": {"rate": 10, "burst": 5, "per": "second", "inv": true}}]}},
    {"counter": {"packets": 3, "bytes": 180}},
    {"drop": null}]}},
  {"rule": {"family": "inet", "table": "t", "chain": "in", "handle": 6, "expr": [
    {"vmap": {"key": {"concat": [{"payload": {"protocol": "ip", "field": "saddr"}}, {"payload": {"protocol": "tcp", "field": "dport"}}]}, "data": "@m"}}]}}
]}`

const twin = `table inet t {
  set s { type ipv4_addr; size 64; flags dynamic,timeout; timeout 1m;
    elements = { 192.0.2.1, 192.0.2.2 timeout 30s expires 12s comment "x" }; }
  map m { type ipv4_addr . inet_service : verdict; elements = { 192.0.2.1 . 22 : accept, 192.0.2.1 . 23 : jump c }; }
  chain c { }
  chain in { type filter hook input priority -10; policy drop;
    tcp dport { 22, 80-90 } update @s { ip saddr timeout 5s limit rate over 10/second } counter packets 3 bytes 180 drop comment "ssh"
    ip saddr . tcp dport vmap @m
  }
}`

test("JSON and text of the same rules are the same ruleset", () => {
  const fromJson = readNftJson({ path: "rules.json", text: json })
  const fromText = readNft(file(twin))
  expect([...fromJson.diagnostics, ...fromText.diagnostics].map(printDiagnostic)).toEqual([])
  expect(plain(fromJson.ruleset)).toEqual(plain(fromText.ruleset))
  expect(fromJson.ruleset.tables[0]!.chains[1]!.rules.map(({ origin }) => origin.span.line)).toEqual([10, 16])
})

test("several values that a map leads to, as nft lists their types", () => {
  const elements = '"elem": [[8443, {"concat": ["10.0.0.5", 443]}]]'
  const fromJson = readNftJson(
    file(
      `{"nftables": [{"table": {"family": "ip", "name": "n"}}, {"map": {"family": "ip", "table": "n", "name": "m", "type": "inet_service", "map": "ipv4_addr . inet_service", ${elements}}}]}`,
    ),
  )
  const fromText = readNft(
    file(
      "table ip n { map m { type inet_service : ipv4_addr . inet_service\nelements = { 8443 : 10.0.0.5 . 443 }; }; }",
    ),
  )
  expect([...fromJson.diagnostics, ...fromText.diagnostics].map(printDiagnostic)).toEqual([])
  expect(plain(fromJson.ruleset)).toEqual(plain(fromText.ruleset))
})

describe("mistakes in JSON are told where they are", () => {
  const cases: readonly (readonly [text: string, problem: string])[] = [
    ["", "rules.json:1:1: the JSON text ends too early [nft-json-syntax]"],
    ['{"nftables": [\n  {"table": }]}', "rules.json:2:13: this is no JSON value [nft-json-syntax]"],
    [
      '{"nftables": 5}',
      'rules.json:1:1: nft writes and reads an object with the entry "nftables", an array of commands [nft-json-syntax]',
    ],
    [
      '{"nftables": [{"rule": {"family": "ip", "table": "t", "chain": "c", "expr": []}}]}',
      "rules.json:1:50: there is no table ip t [nft-not-there]",
    ],
    [
      '{"nftables": [{"add": {"table": {"family": "ipx", "name": "t"}}}]}',
      'rules.json:1:44: "ipx" is no family [nft-bad-value]',
    ],
  ]
  test.each(cases)("%s", (text, problem) => {
    const found = readNftJson({ path: "rules.json", text }).diagnostics.map(printDiagnostic)
    expect(found.map((each) => each.split("\n")[0])).toEqual([problem])
  })
})

describe("no text makes it throw", () => {
  const words = [
    "{",
    "}",
    "(",
    ")",
    ";",
    "\n",
    ",",
    ":",
    ".",
    "@",
    "$",
    "-",
    "/",
    "!",
    "=",
    "*",
    '"',
    "\\",
    "#",
    "|",
    "&",
    "<<",
  ]
  const keywords =
    "table inet chain set map rule add insert flush type hook priority tcp dport ip saddr ct state meta mark vmap jump limit rate counter log elements flags timeout define include 0 1 65536 0x10 10.0.0.1 ::1 1d2h th exthdr frag queue to dnat map update"
  const token = fc.constantFrom(...words, ...keywords.split(" "), "99999999999999999999")
  const broken = (whole: string) =>
    fc
      .tuple(fc.nat(whole.length), fc.nat(whole.length), fc.array(token, { maxLength: 4 }))
      .map(([from, to, middle]) => {
        const [first, last] = from < to ? [from, to] : [to, from]
        return `${whole.slice(0, first)} ${middle.join(" ")} ${whole.slice(first + ((last - first) % 12))}`
      })
  const isRead = (ruleset: Ruleset) => {
    // Whatever was made of it can be written, too.
    expect(typeof renderNft(ruleset).text).toBe("string")
  }

  test("a ruleset with something put in or left out", () => {
    fc.assert(
      fc.property(broken(twin), (text) => isRead(readNft(file(text)).ruleset)),
      { numRuns: 500 },
    )
  })

  test("a ruleset that ends early", () => {
    for (let end = 0; end <= twin.length; end += 3) isRead(readNft(file(twin.slice(0, end))).ruleset)
  })

  test("words in any order", () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 60 }), (tokens) =>
        isRead(readNft(file(tokens.join(" "))).ruleset),
      ),
      { numRuns: 500 },
    )
  })

  test("JSON with something put in or left out", () => {
    fc.assert(
      fc.property(broken(json), (text) => isRead(readNftJson(file(text)).ruleset)),
      { numRuns: 300 },
    )
  })

  test("JSON of the wrong form", () => {
    const names = [
      "add",
      "table",
      "chain",
      "rule",
      "expr",
      "family",
      "name",
      "ip",
      "t",
      "match",
      "left",
      "right",
      "op",
      "set",
      "elem",
      "val",
      "map",
      "vmap",
      "key",
      "data",
      "concat",
      "range",
      "prefix",
      "limit",
      "rate",
      "dnat",
      "addr",
    ]
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom(...names, 0, 1, null, true, "@s", "==", "10.0.0.1"),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names), tie("value"), { maxKeys: 3 }),
      ),
    })).value
    const base = { add: { table: { family: "ip", name: "t" } } }
    const chain = { add: { chain: { family: "ip", table: "t", name: "t" } } }
    fc.assert(
      fc.property(value, value, (command, statement) => {
        const rule = { add: { rule: { family: "ip", table: "t", chain: "t", expr: [statement] } } }
        isRead(readNftJson(file(JSON.stringify({ nftables: [base, chain, rule, command] }))).ruleset)
      }),
      { numRuns: 1000 },
    )
  })

  test("deep nesting", () => {
    for (const deep of ["(", "{", "jump {", "["])
      isRead(readNft(file(`table ip t { chain c { ip saddr ${deep.repeat(5000)}`)).ruleset)
    isRead(readNftJson(file(`{"nftables": ${"[".repeat(5000)}`)).ruleset)
  })
})

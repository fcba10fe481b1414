import { describe, expect, test } from "vitest"
import { type Diagnostic, printDiagnostic } from "../base/diagnostic.js"
import { printPrefix } from "../base/prefix.js"
import { testEnvironment, testHost, testKinds } from "./kinds-fixture.js"
import { loadPolicy } from "./load.js"
import { printPolicy } from "./print.js"

type Files = Readonly<Record<string, string>>

function load(text: string, files: Files = {}, host = testHost) {
  return loadPolicy({ path: "p.yaml", text }, testEnvironment(files, host), testKinds)
}

/** What is said of a text; `loaded` where it is a policy. */
function check(text: string, files: Files = {}, host = testHost): string {
  const { policy, diagnostics } = load(text, files, host)
  const errors = diagnostics.filter(({ severity }) => severity === "error").length
  expect(errors > 0).toBe(policy === undefined)
  return [...diagnostics.map(printLine), ...(policy ? ["loaded"] : [])].join("\n")
}

function printLine(diagnostic: Diagnostic): string {
  const severity = diagnostic.severity === "error" ? "" : `${diagnostic.severity} `
  return severity + printDiagnostic(diagnostic)
}

/** The policy in force, without the places. */
function print(text: string, files: Files = {}, host = testHost): string {
  const { policy, diagnostics } = load(text, files, host)
  return policy
    ? printPolicy(policy, testKinds).replace(/ {2}#.*$/gm, "")
    : diagnostics.map(printLine).join("\n")
}

/** The lines of a zone called wan. */
function wan(...lines: string[]): string {
  return ["interfaces: { wan: auto }", "protect:", "  wan:", ...lines.map((line) => `    ${line}`)].join("\n")
}

describe("YAML's traps", () => {
  test("an address that ends in a colon is a map", () => {
    expect(
      check(`interfaces: { wan: auto }
addresses:
  a: 2001:db8::
  b: [2001:db8:1::, ::1, fe80::/10]
  c:
    - 2001:db8:2::
  d: { x: 2001:db8:: }
protect: { wan: {} }`),
    ).toMatchInlineSnapshot(`
      "lint p.yaml:3:3: nothing uses the name "a" [unused-name]
      p.yaml:3:6: YAML reads 2001:db8:: as a map, for it ends in a colon [yaml-address-as-map]
        hint: quote it: "2001:db8::"
      lint p.yaml:4:3: nothing uses the name "b" [unused-name]
      p.yaml:4:7: YAML reads 2001:db8:1:: as a map, for it ends in a colon [yaml-address-as-map]
        hint: quote it: "2001:db8:1::"
      lint p.yaml:5:3: nothing uses the name "c" [unused-name]
      p.yaml:6:7: YAML reads 2001:db8:2:: as a map, for it ends in a colon [yaml-address-as-map]
        hint: quote it: "2001:db8:2::"
      lint p.yaml:7:3: nothing uses the name "d" [unused-name]
      p.yaml:7:6: addresses are expected here, not a map [wrong-kind]
        hint: addresses are a list: [192.0.2.1, 2001:db8::/32], or one a line with dashes
      p.yaml:7:11: YAML reads 2001:db8:: as a map, for it ends in a colon [yaml-address-as-map]
        hint: quote it: "2001:db8::""
    `)
  })

  test("off, no, yes and their like", () => {
    expect(
      check(
        wan(
          "syn-floods: no",
          "connections: False",
          "malformed-null: yes",
          "invalid: on",
          "fragments: Off",
          "open: none",
        ),
      ),
    ).toMatchInlineSnapshot(`
      "p.yaml:4:17: "no" is not a word of the policy [yaml-boolean]
        hint: write off
      p.yaml:5:18: "False" is not a word of the policy [yaml-boolean]
        hint: write off
      p.yaml:6:21: "yes" does not say what to do [yaml-boolean]
        hint: write notify, drop or block; {} takes the defaults
      p.yaml:7:14: "on" does not say what to do [yaml-boolean]
        hint: write notify, drop or block; {} takes the defaults
      p.yaml:8:16: "Off" is not a word of the policy [yaml-boolean]
        hint: write off
      p.yaml:9:11: "none" is not a word of the policy [yaml-boolean]
        hint: write off"
    `)
    expect(check(wan("syn-floods: off", "connections: 'off'"))).toMatchInlineSnapshot(`"loaded"`)
  })

  test("stars", () => {
    expect(
      check("interfaces: { wan: *, lan: [*eth, br-*] }\ninclude: *.yaml\nprotect: {wan: {}}"),
    ).toMatchInlineSnapshot(`
      "p.yaml:1:20: YAML reads * as the alias of an anchor [yaml-star]
        hint: quote it: "*"
      p.yaml:1:29: YAML reads *eth as the alias of an anchor [yaml-star]
        hint: quote it: "*eth"
      p.yaml:1:29: "*eth" is not the name of a device [not-a-device]
        hint: a * stands only at the end: br-*
      p.yaml:1:35: br-* is in wan and in lan [device-in-two-zones]
        p.yaml:1:20: first named here
        hint: a device belongs to one zone, for a packet has one set of protections
      p.yaml:2:10: YAML reads *.yaml as the alias of an anchor [yaml-star]
        hint: quote it: "*.yaml"
      warning p.yaml:2:10: no file matches *.yaml [include-nothing]"
    `)
  })

  test("anchors, merges and tags", () => {
    expect(
      check(`interfaces: &zones { wan: auto }
x: *zones
<<: { y: 1 }
protect: { wan: !!map {} }`),
    ).toMatchInlineSnapshot(`
      "p.yaml:1:20: anchors (&zones) are not used in a policy [yaml-anchor]
        hint: give a name under addresses, or write it out
      p.yaml:2:1: "x" is not a key of a policy [unknown-key]
        hint: its keys are version, include, interfaces, addresses, action, never-block, forged-sources, repeaters, neighbours, protect, detect, bypass
      p.yaml:2:4: anchors and aliases (*zones) are not used in a policy [yaml-anchor]
        hint: give a name under addresses, or write it out
      p.yaml:3:1: merge keys (<<) are not used in a policy [yaml-anchor]
        hint: give a name under addresses, or write it out
      p.yaml:4:23: tags (!!map) are not used in a policy [yaml-tag]
        hint: write the value without it; text is quoted"
    `)
  })

  test("numbers that mean several things", () => {
    expect(
      check(
        wan(
          "open: [0022, 22]",
          "connections: 0300",
          "syn-floods: 1_000/second",
          "small-mss: { below: 1_300 }",
          "port-floods: { 80: { limit: more than 5 in 300s, block-for: 1:30 } }",
        ),
      ),
    ).toMatchInlineSnapshot(`
      "p.yaml:4:12: 0022 begins with a zero: octal to some, decimal to others [yaml-number]
        hint: write 22
      p.yaml:5:18: 0300 begins with a zero: octal to some, decimal to others [yaml-number]
        hint: write it as: 300
      p.yaml:6:17: "1_000/second" is not a limit [not-a-limit]
        hint: write it as: 1000/second
      p.yaml:7:25: "1_300" is not a whole number [not-an-option]
        hint: write 1300
      p.yaml:8:65: 1:30 is a number in base 60 to YAML 1.1, and a time of day to people [yaml-number]
        hint: write 1m30s or 1h30m"
    `)
  })

  test("nothing behind a colon or a dash", () => {
    expect(
      check(`interfaces: { wan: auto, lan: }
addresses: { a: ~ }
never-block:
bypass: [null]
detect:
protect:
  wan:
    syn-floods:
    open: { ports: }
    connections: { limit: , action: }
    port-floods:
    outgoing:`),
    ).toMatchInlineSnapshot(`
      "p.yaml:1:31: lan names no device [empty-value]
        hint: lan: auto, lan: eth0, or lan: [eth0, br-*]
      lint p.yaml:2:14: nothing uses the name "a" [unused-name]
      p.yaml:2:17: no address stands here [empty-value]
        hint: an empty list is []
      p.yaml:3:13: no address stands here [empty-value]
        hint: an empty list is []
      p.yaml:4:10: nothing stands where a packet phrase should [empty-value]
        hint: a packet is written in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A]
      p.yaml:5:8: detect is a map of detectors, not nothing [empty-value]
        hint: detect: { port-scan: more than 20 in 60s }
      p.yaml:8:16: nothing stands behind syn-floods [empty-value]
        hint: off, 200/second burst 1000, an action, or a map
      p.yaml:9:20: no port stands here [empty-value]
        hint: an empty list is []
      p.yaml:10:27: nothing stands behind limit [empty-value]
        hint: it takes a phrase: 300
      p.yaml:10:37: nothing stands behind action [empty-value]
        hint: it takes notify, drop or block
      p.yaml:11:17: port-floods is a map of ports, not nothing [empty-value]
        hint: port-floods: { ssh: more than 5 in 300s }
      p.yaml:12:14: outgoing is a map of protections, not nothing [empty-value]
        hint: outgoing: { fragments: drop }"
    `)
    expect(check("interfaces:\nprotect:")).toMatchInlineSnapshot(`
      "p.yaml:1:12: interfaces is a map of zones, not nothing [empty-value]
        hint: interfaces: { wan: auto }
      p.yaml:2:9: protect is a map of zones, not nothing [empty-value]
        hint: protect: { wan: default }"
    `)
  })

  test("null is a word where a key stands", () => {
    expect(check(wan("null: drop", "~: drop", ": drop"))).toMatchInlineSnapshot(`
      "p.yaml:4:5: "null" is not a protection [unknown-protection]
        hint: floodwall help protections lists them
      p.yaml:5:5: "~" is not a protection [unknown-protection]
        hint: floodwall help protections lists them
      p.yaml:6:1: nothing stands where a key should [yaml-key]
        hint: a key is one word in front of a colon"
    `)
  })

  test("a list for a map, a map for a list", () => {
    expect(
      check(`interfaces: [wan]
addresses: [192.0.2.1]
never-block: { a: b }
bypass: { a: b }
detect: [port-scan]
action: [drop]
protect: [wan]`),
    ).toMatchInlineSnapshot(`
      "p.yaml:1:13: interfaces is a map of zones, not a list [wrong-kind]
        hint: interfaces: { wan: auto }
      p.yaml:2:12: addresses is a map of names, not a list [wrong-kind]
        hint: addresses: { office: 198.51.100.0/24 }
      p.yaml:3:14: addresses are expected here, not a map [wrong-kind]
        hint: addresses are a list: [192.0.2.1, 2001:db8::/32], or one a line with dashes
      p.yaml:4:9: a map stands where a packet phrase should [wrong-kind]
        hint: a packet is written in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A]
      p.yaml:5:9: detect is a map of detectors, not a list [wrong-kind]
        hint: detect: { port-scan: more than 20 in 60s }
      p.yaml:6:9: action takes notify, drop or block, not a list [wrong-kind]
      p.yaml:7:10: protect is a map of zones, not a list [wrong-kind]
        hint: protect: { wan: default }"
    `)
    expect(check(wan("- preset: default", "- open: [ssh]"))).toMatchInlineSnapshot(`
      "p.yaml:4:5: wan takes a preset or a map of protections, not a list [wrong-kind]
        hint: wan: default"
    `)
    expect(
      check(
        wan(
          "syn-floods: [200/second]",
          "open: [{ ssh: 22 }]",
          "port-floods: [22]",
          "outgoing: [invalid]",
          "connections: { limit: [300], for: [a] }",
          "malformed-null: { action: { a: b } }",
        ),
      ),
    ).toMatchInlineSnapshot(`
      "p.yaml:4:17: syn-floods takes off, 200/second burst 1000, an action, or a map, not a list [wrong-kind]
        hint: a dash begins an item of a list: leave the dashes out
      p.yaml:5:12: ports are a list, not a map [wrong-kind]
        hint: ports: [22/tcp, 8000-8100]
      p.yaml:6:18: port-floods is a map of ports, not a list [wrong-kind]
        hint: port-floods: { ssh: more than 5 in 300s }
      p.yaml:7:15: outgoing is a map of protections, not a list [wrong-kind]
        hint: outgoing: { fragments: drop }
      p.yaml:8:27: limit takes a phrase: 300, not a list [wrong-kind]
      p.yaml:8:39: for is a map of hosts, not a list [wrong-kind]
        hint: for: { office: off }: a name or an address, and its own limit or off
      p.yaml:9:31: action takes notify, drop or block, not a map [wrong-kind]"
    `)
  })

  test("broken syntax: what stands before it is checked all the same", () => {
    expect(check("interfaces: { wan: auto }\nprotct: 1\nprotect:\n\twan: default")).toMatchInlineSnapshot(`
      "p.yaml:2:1: "protct" is not a key of a policy [unknown-key]
        hint: did you mean "protect"?
      p.yaml:4:1: a tab is used to indent [yaml-tab]
        hint: YAML indents with spaces"
    `)
    expect(check("interfaces: { wan: auto }\nprotect: { wan: { open: [ssh }\n")).toMatchInlineSnapshot(`
      "p.yaml:2:30: a bracket is not closed, or the indentation is wrong here [yaml-syntax]
        hint: close it with ] or }, and indent all of a map alike"
    `)
    expect(check("interfaces: { wan: auto }\nprotect: { wan: 'default }\n")).toMatchInlineSnapshot(`
      "p.yaml:2:17: a quote opens here and is not closed [yaml-syntax]
        hint: close it with the same quote; an apostrophe in text needs quotes around the text"
    `)
    expect(check("interfaces: { wan: auto }\nprotect: { wan: {} }\n  x: y\n")).toMatchInlineSnapshot(`
      "p.yaml:3:1: a bracket is not closed, or the indentation is wrong here [yaml-syntax]
        hint: close it with ] or }, and indent all of a map alike"
    `)
    expect(check("interfaces: wan: auto\n")).toMatchInlineSnapshot(`
      "p.yaml:1:13: a second colon makes a map where a value stands [yaml-syntax]
        hint: quote a value that holds a colon and a space; a key of the next level stands on its own line"
    `)
    expect(
      check("interfaces: { wan: auto }\nprotect:\n  wan: default\n   lan: default\n"),
    ).toMatchInlineSnapshot(`
      "p.yaml:3:8: this and the key on the next line are read as one [yaml-syntax]
        hint: indent keys of one map alike"
    `)
    expect(check("action: @drop")).toMatchInlineSnapshot(`
      "p.yaml:1:9: a value cannot start with this character [yaml-syntax]
        hint: quote it"
    `)
  })

  test("several documents, no document, not a map", () => {
    expect(check("interfaces: { wan: auto }\n---\nprotect: { wan: {} }")).toMatchInlineSnapshot(`
      "p.yaml:3:1: a second document begins behind --- [yaml-documents]
        hint: one file holds one policy: use include for parts"
    `)
    expect(check("")).toMatchInlineSnapshot(`
      "p.yaml:1:1: the policy is empty [missing-key]
        hint: the shortest policy is interfaces: { wan: auto } and protect: { wan: default }"
    `)
    expect(check("# only a comment\n")).toMatchInlineSnapshot(`
      "p.yaml:1:1: the policy is empty [missing-key]
        hint: the shortest policy is interfaces: { wan: auto } and protect: { wan: default }"
    `)
    expect(check("- interfaces\n- protect\n")).toMatchInlineSnapshot(`
      "p.yaml:1:1: a policy is a map, this is a list [wrong-kind]
        hint: it begins with keys, such as interfaces: and protect:, at the left margin"
    `)
    expect(check("floodwall")).toMatchInlineSnapshot(`
      "p.yaml:1:1: a policy is a map, this is "floodwall" [wrong-kind]
        hint: it begins with keys, such as interfaces: and protect:, at the left margin"
    `)
    expect(check("{a}: b\n[c]: d\n? {a: b}\n: c\n")).toMatchInlineSnapshot(`
      "p.yaml:1:1: a {…} stands where a key should [yaml-key]
        hint: text in braces is a map to YAML: quote it, or fill in the placeholder
      p.yaml:2:1: a list stands where a key should [yaml-key]
        hint: a key is one word in front of a colon
      p.yaml:3:3: a {…} stands where a key should [yaml-key]
        hint: text in braces is a map to YAML: quote it, or fill in the placeholder"
    `)
  })

  test("duplicate keys: both lines are named", () => {
    expect(
      check(`${wan("invalid: drop")}\n    invalid: notify\naction: drop\naction: block`),
    ).toMatchInlineSnapshot(`
      "p.yaml:5:5: "invalid" stands twice in this map [duplicate-key]
        p.yaml:4:5: first written here
      p.yaml:7:1: "action" stands twice in this map [duplicate-key]
        p.yaml:6:1: first written here"
    `)
  })

  test("bytes that are not text, a byte order mark, other line ends", () => {
    expect(check("interfaces: { wan: auto }\n# caf\ufffd")).toMatchInlineSnapshot(`
      "p.yaml:2:1: this is not UTF-8 text [not-text]
        hint: save it as UTF-8"
    `)
    expect(check("i\0n\0t\0")).toMatchInlineSnapshot(`
      "p.yaml:1:1: this is not UTF-8 text [not-text]
        hint: save it as UTF-8"
    `)
    expect(
      check("\ufeffinterfaces: { wan: auto }\r\nprotect:\r\n  wan:\r\n    invald: drop\r\n"),
    ).toMatchInlineSnapshot(`
      "p.yaml:4:5: "invald" is not a protection [unknown-protection]
        hint: did you mean "invalid"?"
    `)
  })

  test("characters that look like others", () => {
    expect(
      check(
        wan(
          "syn-floods: { limit:\u00a0200/second }",
          "connections: \u201c300\u201d",
          "in\u2013valid: drop",
          "open: [\u200bssh]",
        ),
      ),
    ).toMatchInlineSnapshot(`
      "p.yaml:4:19: a no-break space stands in "limit: 200/second" [odd-character]
        hint: it came with a copy: type it anew
      p.yaml:4:19: "limit: 200/second" is not a key of syn-floods [unknown-key]
        hint: its keys are limit, per, ports, for, action, block-for
      p.yaml:5:18: a curved quote stands in "“300”" [odd-character]
        hint: it came with a copy: type it anew
      p.yaml:6:5: an en dash stands in "in–valid" [odd-character]
        hint: it came with a copy: type it anew
      p.yaml:6:5: "in-valid" is not a protection [unknown-protection]
        hint: did you mean "invalid"?
      p.yaml:7:12: a character that cannot be seen stands in "​ssh" [odd-character]
        hint: it came with a copy: type it anew"
    `)
  })

  test("brackets without end, and a file without end", () => {
    expect(check("[".repeat(100_000))).toMatchInlineSnapshot(
      `"p.yaml:1:1: brackets are nested too deeply [yaml-syntax]"`,
    )
    expect(check(`a: ${"[".repeat(60)}${"]".repeat(60)}`)).toMatchInlineSnapshot(
      `"p.yaml:1:1: brackets are nested too deeply [yaml-syntax]"`,
    )
    expect(check(`# ${"x".repeat(5_000_000)}`)).toMatchInlineSnapshot(`
      "p.yaml:1:1: the file has more than 4 MiB [file-too-large]
        hint: addresses by the thousand go in a list file: addresses: { cdn: file lists/cdn.txt }"
    `)
  })
})

describe("files", () => {
  const main =
    "include: [more.yaml, d/*.yaml]\ninterfaces: { wan: auto }\nprotect: { wan: { open: [ssh] } }\n"

  test("maps merge, lists append", () => {
    expect(
      print(main, {
        "more.yaml":
          "version: 1\naddresses: { a: 192.0.2.1 }\nprotect: { wan: { open: [http], invalid: drop } }\n",
        "d/1.yaml": "never-block: [a]\n",
        "d/2.yaml": "never-block: [192.0.2.2]\ninterfaces: { lan: [eth1] }\n",
      }),
    ).toMatchInlineSnapshot(`
      "version: 1
      interfaces:
        wan: [eth0]
        lan: [eth1]
      addresses:
        a: [192.0.2.1]
      never-block:
        - 192.0.2.1
        - 192.0.2.2
      protect:
        wan:
          open:
            ports: [22/tcp, 80/tcp]
            action: drop
          invalid: drop
        lan: {}
      "
    `)
  })

  test("the same scalar twice names both lines", () => {
    expect(
      check(main, {
        "more.yaml": "action: drop\nprotect:\n  wan: kura-flooding-protection\n",
        "d/1.yaml": "action: notify\nprotect: { wan: watch }\ninterfaces: { wan: eth1 }\n",
        "d/2.yaml": "protect: { wan: { open: off, syn-floods: off } }\n",
      }),
    ).toMatchInlineSnapshot(`
      "d/1.yaml:1:1: "action" is written in two files [written-twice]
        more.yaml:1:1: first written here
        hint: keep one of them
      d/1.yaml:2:17: "preset" is written in two files [written-twice]
        more.yaml:3:8: first written here
        hint: keep one of them
      d/1.yaml:3:15: "wan" is written in two files [written-twice]
        p.yaml:2:15: first written here
        hint: keep one of them
      d/2.yaml:1:19: "open" is written in two files [written-twice]
        p.yaml:3:19: first written here
        hint: two lists append, so write both as lists"
    `)
  })

  test("missing files, cycles, mistakes in several files", () => {
    expect(check(main)).toMatchInlineSnapshot(`
      "p.yaml:1:11: more.yaml cannot be read: no such file [unreadable-file]
      warning p.yaml:1:22: no file matches d/*.yaml [include-nothing]"
    `)
    expect(
      check(main, {
        "more.yaml": "include: d/1.yaml\nacton: drop\n",
        "d/1.yaml": "include: ../more.yaml\nbypas: []\n",
        "d/2.yaml": "include: 2.yaml\nversion: 2\n",
      }),
    ).toMatchInlineSnapshot(`
      "more.yaml:2:1: "acton" is not a key of a policy [unknown-key]
        hint: did you mean "action"?
      d/1.yaml:1:10: more.yaml includes itself [include-cycle]
        hint: by way of more.yaml > d/1.yaml > more.yaml
      d/1.yaml:2:1: "bypas" is not a key of a policy [unknown-key]
        hint: did you mean "bypass"?
      d/2.yaml:1:10: d/2.yaml includes itself [include-cycle]
        hint: by way of d/2.yaml > d/2.yaml
      d/2.yaml:2:10: "2" is not a version of the policy language [unknown-version]
        hint: write version: 1"
    `)
    expect(check("include: { a: b }")).toMatchInlineSnapshot(`
      "p.yaml:1:10: include takes the path of a file, not a map [wrong-kind]
        hint: include: policy.d/*.yaml"
    `)
  })

  test("lists from files", () => {
    const policy = `interfaces: { wan: auto }
addresses: { cdn: file lists/cdn.txt, all: [cdn, 192.0.2.9], none: file none.txt }
never-block: [all]
protect: { wan: { blocklist: [lists/drop.txt, lists/missing.txt, file odd, 203.0.113.1, cdn, nam] } }`
    const files = {
      "lists/cdn.txt": "\ufeff# CDN\r\n198.51.100.0/24 ; SBL1\r\n\r\n2001:db8::/32\t# six\r\n",
      "lists/drop.txt":
        "192.0.2.0/24\n192.0.2.300\n10.0.0.1/8\n192.0.2.1 192.0.2.2\nexample.com\n010.0.0.1\n1.2.3.4/33\n1.2.3\n  192.0.2.7  \n::/129\n",
      odd: "192.0.2.8",
    }
    expect(check(policy, files)).toMatchInlineSnapshot(`
      "lint p.yaml:2:62: nothing uses the name "none" [unused-name]
      p.yaml:2:68: none.txt cannot be read: no such file [unreadable-file]
      p.yaml:4:47: lists/missing.txt cannot be read: no such file [unreadable-file]
      p.yaml:4:94: "nam" is not an address, nor a name under addresses [unknown-address]
        hint: names are cdn, all, none
      lists/drop.txt:2:1: "192.0.2.300" is not an IPv4 or IPv6 address [not-an-address]
      lists/drop.txt:3:1: 10.0.0.1/8 has bits set behind its length [host-bits-set]
        hint: the network is 10.0.0.0/8, the host is 10.0.0.1
      lists/drop.txt:4:1: "192.0.2.1 192.0.2.2" is not an IPv4 or IPv6 address [not-an-address]
        hint: a list file has one address or network a line
      lists/drop.txt:5:1: "example.com" is not an IPv4 or IPv6 address [not-an-address]
        hint: host names are not looked up
      lists/drop.txt:6:1: "010.0.0.1" is not an IPv4 or IPv6 address [not-an-address]
      lists/drop.txt:7:1: "/33" is not a prefix length of an IPv4 address (0 to 32) [bad-prefix-length]
      lists/drop.txt:8:1: "1.2.3" is not an IPv4 or IPv6 address [not-an-address]
      lists/drop.txt:10:1: "/129" is not a prefix length of an IPv6 address (0 to 128) [bad-prefix-length]"
    `)
    const good = policy
      .replace("lists/missing.txt, ", "")
      .replace(", nam]", "]")
      .replace(", none: file none.txt", "")
    expect(print(good, { ...files, "lists/drop.txt": "192.0.2.128/25 ; x" })).toMatchInlineSnapshot(`
      "version: 1
      interfaces:
        wan: [eth0]
      addresses:
        cdn: [file lists/cdn.txt]
        all: [cdn, 192.0.2.9]
      never-block:
        - 198.51.100.0/24
        - "2001:db8::/32"
        - 192.0.2.9
      protect:
        wan:
          blocklist:
            addresses: [file lists/drop.txt, file odd, 203.0.113.1, cdn]
            action: drop
      "
    `)
  })

  test("an IPv4 address that is written as IPv6 is one, in a list and beside it", () => {
    const policy = `interfaces: { wan: eth0 }
never-block: ["::ffff:192.0.2.9"]
protect: { wan: { blocklist: [list.txt, "::ffff:198.51.100.0/120"] } }`
    const read = load(policy, { "list.txt": "::ffff:203.0.113.9 # from a log\n" }).policy!
    expect(read.neverBlock.map(printPrefix)).toEqual(["192.0.2.9"])
    expect(read.zones[0]!.incoming[0]!.prefixes.map(printPrefix)).toEqual(["203.0.113.9", "198.51.100.0/24"])
  })

  test("a list of a million lines takes no minute", () => {
    const lines = Array.from(
      { length: 1_000_000 },
      (_, index) => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
    )
    const { policy, diagnostics } = load(wan("blocklist: [big.txt]"), { "big.txt": lines.join("\n") })
    expect(diagnostics).toEqual([])
    expect(policy?.zones[0]?.incoming[0]?.prefixes.length).toBe(1_000_000)
    const bad = load(wan("blocklist: [big.txt]"), { "big.txt": "x\n".repeat(100_000) })
    expect(bad.policy).toBeUndefined()
    expect(bad.diagnostics.length).toBe(1001)
    expect(printLine(bad.diagnostics[0]!)).toBe("p.yaml:1:1: 99000 more are not shown [more-mistakes]")
  }, 180_000)
})

describe("addresses", () => {
  test("names, nesting, cycles", () => {
    expect(
      check(`interfaces: { wan: auto }
addresses:
  office: [198.51.100.0/24, 2001:db8:7::/48]
  a: [b]
  b: c
  c: [a, office]
  "1x": 192.0.2.1
  file: 192.0.2.1
never-block: [offic, office, 192.0.2.256, 192.0.2.1/24, 2001:db8::1::2, example.com, 192.0.2.0/33]
protect: { wan: {} }`),
    ).toMatchInlineSnapshot(`
      "p.yaml:4:3: "a" stands for itself, directly or by other names [address-cycle]
      p.yaml:7:3: "1x" cannot be the name of addresses [bad-name]
        hint: a name begins with a letter and has letters, digits, - and _
      lint p.yaml:7:3: nothing uses the name "1x" [unused-name]
      p.yaml:8:3: "file" cannot be the name of addresses [bad-name]
        hint: a name begins with a letter and has letters, digits, - and _
      lint p.yaml:8:3: nothing uses the name "file" [unused-name]
      p.yaml:9:15: "offic" is not an address, nor a name under addresses [unknown-address]
        hint: did you mean "office"?
      p.yaml:9:30: "192.0.2.256" is not an IPv4 or IPv6 address [not-an-address]
      p.yaml:9:43: 192.0.2.1/24 has bits set behind its length [host-bits-set]
        hint: the network is 192.0.2.0/24, the host is 192.0.2.1
      p.yaml:9:57: "2001:db8::1::2" is not an IPv4 or IPv6 address [not-an-address]
      p.yaml:9:73: "example.com" is not an address, nor a name under addresses [unknown-address]
        hint: host names are not looked up: write the addresses; a list is written file PATH
      p.yaml:9:86: "/33" is not a prefix length of an IPv4 address (0 to 32) [bad-prefix-length]"
    `)
    expect(
      check("interfaces: { wan: auto }\nnever-block: office\nprotect: { wan: {} }"),
    ).toMatchInlineSnapshot(`
      "p.yaml:2:14: "office" is not an address, nor a name under addresses [unknown-address]
        hint: define it under addresses"
    `)
  })

  test("what people write where a list should stand", () => {
    expect(
      check(`interfaces: { wan: auto }
addresses: { a: 192.0.2.1 192.0.2.2, b: 192.0.2.1-192.0.2.9, c: file https://example.com/drop.txt }
never-block: "10.0.0.0/8, a, b, c"
protect:
  wan:
    open: ssh http
    blocklist: [https://example.com/drop.txt]
  preset: default
  syn-floods: 100/second`),
    ).toMatchInlineSnapshot(`
      "lint p.yaml:2:14: nothing uses the name "a" [unused-name]
      p.yaml:2:17: "192.0.2.1 192.0.2.2" is not an address, nor a name under addresses [unknown-address]
        hint: several are a list: [192.0.2.1, 198.51.100.0/24]
      lint p.yaml:2:38: nothing uses the name "b" [unused-name]
      p.yaml:2:41: "192.0.2.1-192.0.2.9" is not an address, nor a name under addresses [unknown-address]
        hint: a range is written as networks: 192.0.2.0/28
      lint p.yaml:2:62: nothing uses the name "c" [unused-name]
      p.yaml:2:65: "file https://example.com/drop.txt" is not an address, nor a name under addresses [unknown-address]
        hint: nothing is fetched: download it, and name the file
      p.yaml:3:14: "10.0.0.0/8, a, b, c" is not an address, nor a name under addresses [unknown-address]
        hint: several are a list: [192.0.2.1, 198.51.100.0/24]
      p.yaml:6:11: "ssh http" is not a port or the name of a service [not-a-port]
        hint: several ports are a list: [ssh, http]
      p.yaml:7:17: "https://example.com/drop.txt" is not an address, nor a name under addresses [unknown-address]
        hint: nothing is fetched: download it, and name the file
      p.yaml:8:3: "preset" is not named under interfaces [unknown-zone]
        hint: it belongs to a zone: indent it deeper
      p.yaml:9:3: "syn-floods" is not named under interfaces [unknown-zone]
        hint: it belongs to a zone: indent it deeper"
    `)
  })

  test("names that multiply", () => {
    const doubling = Array.from({ length: 90 }, (_, index) => `  n${index}: [n${index + 1}, n${index + 1}]`)
    const { policy } = load(
      [
        "interfaces: { wan: auto }",
        "addresses:",
        ...doubling,
        "  n90: 192.0.2.1",
        "never-block: n0",
        "protect: { wan: {} }",
      ].join("\n"),
    )
    expect(policy?.neverBlock.length).toBe(1)
    const chain = Array.from({ length: 6000 }, (_, index) => `  n${index + 1}: [192.0.2.1, n${index}]`)
    const deep = [...chain].reverse()
    const text = (lines: readonly string[]) =>
      [
        "interfaces: { wan: auto }",
        "addresses:",
        "  n0: 192.0.2.1",
        ...lines,
        "never-block: n9",
        "protect: { wan: {} }",
      ].join("\n")
    const errors = (lines: readonly string[]) =>
      load(text(lines))
        .diagnostics.filter(({ severity }) => severity === "error")
        .map(printDiagnostic)
        .slice(0, 1)
    expect(errors(chain)).toMatchInlineSnapshot(`
      [
        "p.yaml:1:1: 936 more are not shown [more-mistakes]",
      ]
    `)
    expect(errors(deep)).toMatchInlineSnapshot(`
      [
        "p.yaml:104:3: names are inside names 100 deep [too-many-addresses]",
      ]
    `)
  }, 180_000)

  test("never-block for everybody, names that nothing uses", () => {
    expect(
      check(
        "interfaces: { wan: auto }\naddresses: { a: 192.0.2.1 }\nnever-block: [0.0.0.0/0]\nprotect: { wan: {} }",
      ),
    ).toMatchInlineSnapshot(`
      "lint p.yaml:2:14: nothing uses the name "a" [unused-name]
      lint p.yaml:3:14: never-block holds 0.0.0.0/0, so nobody is ever kept out [never-blocks-anybody]
        hint: action: drop says that of all protections
      loaded"
    `)
  })
})

describe("interfaces", () => {
  test("names, lists and stars; a device belongs to one zone", () => {
    expect(
      check(`interfaces:
  wan: auto
  lan: [eth1, br-*]
  dmz: [br-dmz, "eth*"]
  "my zone": eth0
  e: "a b"
  f: [a/b, waytoolongforadevice, "e*h", auot, "."]
  g: []
  h: { eth9: x }
protect: { wan: {}, wn: { invalid: drp } }`),
    ).toMatchInlineSnapshot(`
      "p.yaml:4:9: br-dmz is in lan and in dmz [device-in-two-zones]
        p.yaml:3:15: first named here
        hint: a device belongs to one zone, for a packet has one set of protections
      p.yaml:4:17: eth* is in wan and in dmz [device-in-two-zones]
        p.yaml:2:8: first named here
        hint: a device belongs to one zone, for a packet has one set of protections
      p.yaml:5:3: "my zone" cannot be the name of a zone [bad-name]
        hint: a name begins with a letter and has up to 31 letters, digits, - and _
      p.yaml:5:14: eth0 is in wan and in my zone [device-in-two-zones]
        p.yaml:2:8: first named here
        hint: a device belongs to one zone, for a packet has one set of protections
      p.yaml:6:6: "a b" is not the name of a device [not-a-device]
        hint: several devices are a list: [eth0, eth1]
      p.yaml:7:7: "a/b" is not the name of a device [not-a-device]
        hint: a * stands only at the end: br-*
      p.yaml:7:12: "waytoolongforadevice" is not the name of a device [not-a-device]
        hint: a name has at most 15 characters
      p.yaml:7:34: "e*h" is not the name of a device [not-a-device]
        hint: a * stands only at the end: br-*
      p.yaml:7:47: "." is not the name of a device [not-a-device]
        hint: a * stands only at the end: br-*
      p.yaml:8:6: g names no device [empty-value]
        hint: g: auto, g: eth0, or g: [eth0, br-*]
      p.yaml:9:6: h takes the names of devices, not a map [wrong-kind]
        hint: h: auto, h: eth0, or h: [eth0, br-*]
      p.yaml:10:21: "wn" is not named under interfaces [unknown-zone]
        hint: did you mean "wan"?
      p.yaml:10:36: "drp" is not a setting of invalid [not-a-setting]
        hint: did you mean "drop"?"
    `)
  })

  test("auto without a default route", () => {
    const host = { ...testHost, defaultInterfaces: [], defaultRoutes: 0 }
    expect(check("interfaces: { wan: auto }\nprotect: { wan: {} }", {}, host)).toMatchInlineSnapshot(`
      "p.yaml:1:20: auto is the device of the default route, and no default route is known [no-default-route]
        hint: name the device, such as eth0"
    `)
    const two = { ...testHost, defaultInterfaces: ["eth0", "wwan0"], defaultRoutes: 2 }
    expect(
      print("interfaces: { wan: [auto, eth0, eth7] }\nprotect: { wan: {} }", {}, two),
    ).toMatchInlineSnapshot(`
      "version: 1
      interfaces:
        wan: [eth0, wwan0, eth7]
      protect:
        wan: {}
      "
    `)
  })
})

describe("protections", () => {
  test("words of other firewalls are answered with ours", () => {
    const words = [
      "protection: strong",
      "reverse: { invalid: drop }",
      "server: [ssh]",
      "whitelist: [10.0.0.1]",
    ]
    expect(check(wan(...words))).toMatchInlineSnapshot(`
      "p.yaml:4:5: "protection" is not a protection [unknown-protection]
        hint: write preset: strong, or the protection's name and its setting
      p.yaml:5:5: "reverse" is not a protection [unknown-protection]
        hint: write outgoing: { … }, with the same words
      p.yaml:6:5: "server" is not a protection [unknown-protection]
        hint: write open: [ssh, http, https]
      p.yaml:7:5: "whitelist" is not a protection [unknown-protection]
        hint: never-block and bypass do that; they stand at the left margin, beside protect"
    `)
  })

  test("names", () => {
    expect(
      check(
        wan(
          "preset: defualt",
          "syn-flood: 200/second",
          "port-scan: off",
          "bypass: []",
          "limit: 300",
          "quantum: drop",
          "new-tcp-w/o-syn: drop",
          "new-tcp-without-syn: drop",
          "outgoing: { open: [ssh], outgoing: { invalid: drop }, invalid: drop }",
        ),
      ),
    ).toMatchInlineSnapshot(`
      "p.yaml:4:13: "defualt" is not a preset [unknown-preset]
        hint: did you mean "default"?
      p.yaml:5:5: "syn-flood" is not a protection [unknown-protection]
        hint: did you mean "syn-floods"?
      p.yaml:6:5: "port-scan" is not a protection [unknown-protection]
        hint: it stands under detect: detect: { port-scan: … }
      p.yaml:7:5: "bypass" is not a protection [unknown-protection]
        hint: it stands at the left margin, beside protect
      p.yaml:8:5: "limit" is not a protection [unknown-protection]
        hint: it stands behind a protection: syn-floods: { limit: … }
      p.yaml:9:5: "quantum" is not a protection [unknown-protection]
        hint: floodwall help protections lists them
      p.yaml:11:5: new-tcp-without-syn is set twice [protection-twice]
        p.yaml:10:5: first written here
      p.yaml:12:17: open does not go with outgoing [not-outgoing]
        hint: for packets that arrive it stands beside outgoing, not in it
      p.yaml:12:30: "outgoing" is not a protection [unknown-protection]
        hint: floodwall help protections lists them"
    `)
    expect(
      check("interfaces: { wan: auto }\nprotct: 1\ninvalid: drop\nprotect: { wan: yes }"),
    ).toMatchInlineSnapshot(`
      "p.yaml:2:1: "protct" is not a key of a policy [unknown-key]
        hint: did you mean "protect"?
      p.yaml:3:1: "invalid" is not a key of a policy [unknown-key]
        hint: it stands behind a zone under protect
      p.yaml:4:17: "yes" is not a preset [unknown-preset]
        hint: presets are default, strong, watch, kura-flooding-protection"
    `)
    expect(check("protect: { wan: {} }")).toMatchInlineSnapshot(`
      "p.yaml:1:1: the policy does not say which interfaces it is for [missing-key]
        hint: interfaces: { wan: auto }
      p.yaml:1:12: "wan" is not named under interfaces [unknown-zone]
        hint: interfaces: { wan: eth0 } names it"
    `)
    expect(check("interfaces: { wan: auto }")).toMatchInlineSnapshot(`
      "p.yaml:1:1: the policy does not say what to protect against [missing-key]
        hint: protect: { wan: default }"
    `)
  })

  test("settings, limits, keys", () => {
    expect(
      check(
        wan(
          "malformed-null: dorp",
          "invalid: 300",
          "fragments: { only: tny, limit: 300, lmit: 3 }",
          "small-mss: { below: low }",
          "syn-floods: { limit: 300, per: ip, action: deny, block-for: 10, brust: 3, rate: 4 }",
          "connections: { for: { 192.0.2.1: off, 192.0.2.2: 3/second } }",
          "throttle: { limit: 1000..100/second, per: { ipv4: /33, ipv5: /3 } }",
          "port-floods: { ssh: more than 5 in 300s, 22/tcp: off, sssh: 3, 80: { lift: never, limit: more than 1 in 1s } }",
          "decoy-ports: { limit: more than 3 in 60s }",
          "open: [tcp/22, 22:udp, 70000, 0, 20-10, 22/sctp]",
          "blocklist: { action: drop }",
        ),
      ),
    ).toMatchInlineSnapshot(`
      "p.yaml:4:21: "dorp" is not a setting of malformed-null [not-a-setting]
        hint: did you mean "drop"?
      p.yaml:5:14: invalid has no limit [wrong-limit]
        hint: it takes off, an action, or a map
      p.yaml:6:24: "tny" is not a value of only [not-an-option]
        hint: did you mean "tiny"?
      p.yaml:6:29: fragments has no limit [unknown-key]
        hint: its keys are ports, for, action, block-for, only
      p.yaml:6:41: "lmit" is not a key of fragments [unknown-key]
        hint: its keys are ports, for, action, block-for, only
      p.yaml:7:25: "low" is not a whole number [not-an-option]
        hint: write it in decimal digits alone
      p.yaml:8:26: syn-floods does not take a limit of the form "300" [wrong-limit]
        hint: write it as 200/second burst 1000
      p.yaml:8:36: "ip" does not say who shares a limit [not-a-per]
        hint: write source
      p.yaml:8:48: "deny" is not an action [not-an-action]
        hint: write drop
      p.yaml:8:65: "10" has no unit [not-a-duration]
        hint: write 10s for seconds or 10m for minutes
      p.yaml:8:69: "brust" is not a key of syn-floods [unknown-key]
        hint: its keys are limit, per, ports, for, action, block-for
      p.yaml:8:79: "rate" is not a key of syn-floods [unknown-key]
        hint: write limit
      p.yaml:9:5: connections needs a limit [limit-missing]
        hint: limit: 300
      p.yaml:9:54: connections does not take a limit of the form "3/second" [wrong-limit]
        hint: write it as 300
      p.yaml:10:24: "1000..100/second" is not a limit [not-a-limit]
        hint: a ramp goes from a lower rate to a higher: 100..1000/second
      p.yaml:10:55: "/33" is not a prefix length of IPv4 (/1 to /32) [not-a-per]
        hint: for IPv6, write { ipv6: /33 }
      p.yaml:10:60: "ipv5" is not a key of per [unknown-key]
        hint: did you mean "ipv4"?
      p.yaml:11:46: 22/tcp has a setting already [protection-twice]
        p.yaml:11:20: first written here
      p.yaml:11:59: "sssh" is not a port or the name of a service [not-a-port]
        hint: did you mean "ssh"?
      p.yaml:11:65: port-floods does not take a limit of the form "3" [wrong-limit]
        hint: write it as more than 5 in 300s
      p.yaml:11:80: "never" is not a value of lift [not-an-option]
        hint: it is timeout or until-quiet
      p.yaml:12:18: decoy-ports does not say which ports [ports-missing]
        hint: decoy-ports: { ports: [23/tcp] }
      p.yaml:13:12: "tcp/22" is not a port [not-a-port]
        hint: write 22/tcp
      p.yaml:13:20: "22:udp" is not a port or the name of a service [not-a-port]
        hint: write 22/udp
      p.yaml:13:28: a port is at most 65535, not 70000 [not-a-port]
      p.yaml:13:35: 0 is not a port that anybody dials [not-a-port]
      p.yaml:13:38: the range 20-10 runs backwards [not-a-port]
      p.yaml:13:45: "22/sctp" is not a port [not-a-port]
        hint: behind the slash stands tcp or udp: 53/udp
      p.yaml:14:16: blocklist does not say which addresses [addresses-missing]
        hint: blocklist: { addresses: [lists/drop.txt] }"
    `)
    expect(
      check(
        wan(
          "malformed-null: { for: { 192.0.2.1: 300, 192.0.2.2: no } }",
          "connections: { limit: off, action: off }",
        ),
      ),
    ).toMatchInlineSnapshot(`
      "p.yaml:4:41: malformed-null has no limit, so a host has none of its own [wrong-limit]
        hint: write off
      p.yaml:4:57: "no" is not a word of the policy [yaml-boolean]
        hint: write off, or a limit
      p.yaml:5:27: off does not stand behind limit [not-a-setting]
        hint: write off in place of the whole map
      p.yaml:5:40: off does not stand behind action [not-a-setting]
        hint: write off in place of the whole map"
    `)
  })

  test("the ladder: a zone's or policy's action lowers what protections do, and their own word is final", () => {
    const zone = [
      "malformed-null: {}",
      "invalid: block",
      "port-floods: { ssh: more than 5 in 300s }",
      "decoy-ports: [23]",
    ]
    expect(print(`action: notify\n${wan(...zone)}`)).toMatchInlineSnapshot(`
      "version: 1
      interfaces:
        wan: [eth0]
      protect:
        wan:
          malformed-null: notify
          invalid:
            action: block
            block-for: 1h
          port-floods:
            22/tcp:
              limit: more than 5 in 5m
              action: notify
          decoy-ports:
            ports: [23]
            limit: more than 1 in 10m
            action: notify
      "
    `)
    expect(print(`action: notify\n${wan("action: block", ...zone)}`)).toMatchInlineSnapshot(`
      "version: 1
      interfaces:
        wan: [eth0]
      protect:
        wan:
          malformed-null: drop
          invalid:
            action: block
            block-for: 1h
          port-floods:
            22/tcp:
              limit: more than 5 in 5m
              action: block
              block-for: 10m
          decoy-ports:
            ports: [23]
            limit: more than 1 in 10m
            action: block
            block-for: 1h
      "
    `)
    expect(
      print(wan("action: drop", ...zone, "outgoing: { action: notify, invalid: {} }")),
    ).toMatchInlineSnapshot(`
      "version: 1
      interfaces:
        wan: [eth0]
      protect:
        wan:
          malformed-null: drop
          invalid:
            action: block
            block-for: 1h
          port-floods:
            22/tcp:
              limit: more than 5 in 5m
              action: drop
          decoy-ports:
            ports: [23]
            limit: more than 1 in 10m
            action: drop
          outgoing:
            invalid: notify
      "
    `)
  })

  test("groups expand, a name of its own says more", () => {
    expect(print(wan("invalid: notify", "bad-packets: drop"))).toMatchInlineSnapshot(`
      "version: 1
      interfaces:
        wan: [eth0]
      protect:
        wan:
          invalid: notify
          malformed-null: drop
          fragments: drop
          syn-floods:
            limit: 200/second burst 1000
            action: drop
      "
    `)
    expect(print(wan("bad-packets: 100/second burst 50", "invalid: off"))).toMatchInlineSnapshot(`
      "version: 1
      interfaces:
        wan: [eth0]
      protect:
        wan:
          malformed-null: drop
          fragments: drop
          syn-floods:
            limit: 100/second burst 50
            action: drop
      "
    `)
    expect(print(wan("bad: { limit: 100/second, action: notify }"))).toMatchInlineSnapshot(`
      "version: 1
      interfaces:
        wan: [eth0]
      protect:
        wan:
          malformed-null: notify
          invalid: notify
          fragments: notify
          syn-floods:
            limit: 100/second burst 100
            action: notify
      "
    `)
  })

  test("defaults are filled in", () => {
    expect(
      print(
        wan(
          "syn-floods: { limit: 60/minute, per: /24 }",
          "connections: { limit: 3, per: { ipv6: /56 }, ports: [http, 8000-8100], for: { 192.0.2.0/24: off } }",
          "port-floods: { ssh: { limit: more than 5 in 300s, lift: until-quiet }, '80,443': { limit: more than 9 in 1m } }",
          "decoy-ports: 23/tcp",
          "open: []",
          "throttle: 100..1000/second",
        ),
      ),
    ).toMatchInlineSnapshot(`
      "version: 1
      interfaces:
        wan: [eth0]
      protect:
        wan:
          syn-floods:
            per: /24
            limit: 60/minute burst 60
            action: drop
          connections:
            ports: [80/tcp, 8000-8100]
            per: { ipv4: /32, ipv6: /56 }
            limit: 3
            for:
              192.0.2.0/24: off
            action: drop
          port-floods:
            22/tcp:
              lift: until-quiet
              limit: more than 5 in 5m
              action: block
              block-for: 10m
            "80,443":
              limit: more than 9 in 1m
              action: block
              block-for: 10m
          decoy-ports:
            ports: [23/tcp]
            limit: more than 1 in 10m
            action: block
            block-for: 1h
          open:
            ports: []
            action: drop
          throttle:
            limit: 100..1000/second
            action: drop
      "
    `)
  })
})

describe("detectors and bypass", () => {
  test("mistakes", () => {
    expect(
      check(`interfaces: { wan: auto }
protect: { wan: {} }
detect:
  portscan: off
  port-scan: { limit: 5 in 5s, per: source, action: drop }
  distributed-flood: 300
  udp-port-scan: no
bypass:
  - out tcp port 80
  - in on wam
  - both
  - in icmp port 3
  - in tcp port 53/udp
  - in src 192.0.2.1
  - in from offic
  - in from 192.0.2.1 from 192.0.2.2
  - in tcp udp
  - in port
  - [in]`),
    ).toMatchInlineSnapshot(`
      "p.yaml:4:3: "portscan" is not a detector [unknown-detector]
        hint: did you mean "port-scan"?
      p.yaml:5:23: "5 in 5s" is not a limit [not-a-limit]
        hint: write it as: more than 5 in 5s
      p.yaml:6:22: distributed-flood does not take a limit of the form "300" [wrong-limit]
        hint: write it as more than 5 in 300s, or 200/second burst 1000
      p.yaml:7:18: "no" is not a word of the policy [yaml-boolean]
        hint: write off
      p.yaml:10:5: "wam" is not a zone [unknown-zone]
        hint: did you mean "wan"?
      p.yaml:11:5: "both" stands where in or out should [not-a-phrase]
        hint: a packet is written in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A]
      p.yaml:12:5: icmp has no ports [not-a-phrase]
        hint: leave port out, or say tcp or udp
      p.yaml:13:5: port 53/udp is udp, the phrase says tcp [not-a-phrase]
        hint: a phrase for each protocol
      p.yaml:14:5: "src" is not a word of a packet phrase [not-a-phrase]
        hint: write from
      p.yaml:15:5: "offic" is not an address, nor a name under addresses [unknown-address]
        hint: define it under addresses
      p.yaml:16:5: from stands twice [not-a-phrase]
        hint: lists have commas: port 80,443
      p.yaml:17:5: udp is a second protocol [not-a-phrase]
        hint: a phrase for each
      p.yaml:18:5: nothing stands behind port [not-a-phrase]
        hint: a packet is written in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A]
      p.yaml:19:5: a list stands where a packet phrase should [wrong-kind]
        hint: a packet is written in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A]"
    `)
    expect(
      check("interfaces: { wan: auto }\nprotect: { wan: {} }\nbypass: [in tcp port 80,443]"),
    ).toMatchInlineSnapshot(`
      "p.yaml:3:25: "443" stands where in or out should [not-a-phrase]
        hint: in [ ] a comma begins the next item: quote a phrase with commas"
    `)
  })

  test("what is understood", () => {
    expect(
      print(`interfaces: { wan: auto, lan: eth1 }
protect: { wan: {} }
addresses: { a: [192.0.2.1, 2001:db8::/32] }
detect: { port-scan: more than 20 in 60s, udp-port-scan: block }
bypass:
  - "in on lan tcp port ssh,8000-8100 from a to 192.0.2.2"
  - out icmp
  - in port https`),
    ).toMatchInlineSnapshot(`
      "version: 1
      interfaces:
        wan: [eth0]
        lan: [eth1]
      addresses:
        a: [192.0.2.1, "2001:db8::/32"]
      protect:
        wan: {}
        lan: {}
      detect:
        port-scan:
          limit: more than 20 in 1m
          action: block
          block-for: 1h
        udp-port-scan:
          limit: more than 19 in 1m
          action: block
          block-for: 1h
      bypass:
        - "in on lan tcp port 22,8000-8100 from 192.0.2.1,2001:db8::/32 to 192.0.2.2"
        - "out icmp"
        - "in tcp port 443"
      "
    `)
  })
})

describe("a setting, and ports with settings of their own beside it", () => {
  test.each<[string, string, string]>([
    ["a setting alone", "connections: 300", "connections:\n  limit: 300\n  action: drop"],
    [
      "its ports are counted together",
      "connections: { limit: 300, ports: [22, 80] }",
      "connections:\n  ports: [22, 80]\n  limit: 300\n  action: drop",
    ],
    [
      "ports alone",
      "connections: { ssh: 5, '80,443/tcp': { limit: 20, action: notify } }",
      'connections:\n  22/tcp:\n    limit: 5\n    action: drop\n  "80,443/tcp":\n    limit: 20\n    action: notify',
    ],
    [
      "both",
      "connections: { ssh: 5, limit: 300, action: block, 25/tcp: off }",
      "connections:\n  limit: 300\n  action: block\n  block-for: 1h\n  22/tcp:\n    limit: 5\n    action: drop",
    ],
  ])("%s", (_name, line, expected) => {
    const printed = print(wan(line))
    expect(printed).toContain(expected.replaceAll(/^/gm, "    "))
    expect(print(printed)).toBe(printed)
  })

  test.each<[string, string]>([
    ["connections: { limit: 300, ports: [22], ssh: 5 }", "connections has no ports [unknown-key]"],
    ["connections: { ssh: 5, 22: 6 }", "22 has a setting already [protection-twice]"],
    ["connections: { sssh: 5 }", '"sssh" is not a key of connections [unknown-key]'],
    ["connections: { 70000: 5 }", "a port is at most 65535, not 70000 [not-a-port]"],
    ["connections: { ssh: { ports: [22], limit: 5 } }", "connections has no ports [unknown-key]"],
    ["connections: { ssh: 5, action: block }", "connections needs a limit [limit-missing]"],
  ])("%s", (line, expected) => expect(check(wan(line))).toContain(expected))
})

import { expect, test } from "vitest"
import { parseAddress } from "../base/address.js"
import { printDiagnostic } from "../base/diagnostic.js"
import { type Prefix, parsePrefix } from "../base/prefix.js"
import { testEnvironment, testHost, testKinds } from "./kinds-fixture.js"
import { lintPolicy } from "./lint.js"
import { loadPolicy } from "./load.js"

/** What is told of a zone called wan. */
function lints(zone: readonly string[], host = testHost, rest = ""): string {
  const text = `${["interfaces: { wan: auto }", "protect:", "  wan:", ...zone.map((line) => `    ${line}`)].join("\n")}\n${rest}`
  const files = { "empty.txt": "# nothing\n", "drop.txt": "192.0.2.0/24\n" }
  const { policy, diagnostics } = loadPolicy(
    { path: "p.yaml", text },
    testEnvironment(files, host),
    testKinds,
  )
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([])
  return lintPolicy(policy!, host, testKinds).map(printDiagnostic).join("\n")
}

const admin = parseAddress("192.0.2.50")!

test("limits that starve", () => {
  expect(
    lints([
      "syn-floods: { limit: 100/second burst 50, per: everyone }",
      "connections: { limit: 4, action: drop }",
      "port-floods: { ssh: more than 5 in 300s }",
    ]),
  ).toMatchInlineSnapshot(`
    "p.yaml:4:5: syn-floods counts everyone together, so one attacker uses up the limit for all [limit-starves]
      hint: per: source gives each source a limit of its own
    p.yaml:5:5: connections allows a source 4 connections at once, and one browser opens up to 12 [limit-starves]
      hint: several people may share an address, too"
  `)
  expect(lints(["syn-floods: 5/second"])).toMatchInlineSnapshot(`
    "p.yaml:4:5: syn-floods allows a source 5 connections at once, and one browser opens up to 12 [limit-starves]
      hint: several people may share an address, too"
  `)
  expect(
    lints(["syn-floods: { limit: 5/second, ports: ssh }", "connections: { limit: 4, action: notify }"]),
  ).toBe("")
})

test("protections that harm honest traffic", () => {
  const two = { ...testHost, defaultRoutes: 2 }
  expect(
    lints(["invalid: drop", "new-tcp-without-syn: drop", "fragments: { only: all }"], two),
  ).toMatchInlineSnapshot(`
    "p.yaml:4:5: invalid harms honest traffic: with 2 default routes, answers may arrive another way than questions left [harms-honest-traffic]
      hint: Clients that invalid mistakes.
    p.yaml:5:5: new-tcp-without-syn harms honest traffic: with 2 default routes, answers may arrive another way than questions left [harms-honest-traffic]
      hint: Clients that new-tcp-without-syn mistakes.
    p.yaml:6:5: fragments harms honest traffic: all fragments are dropped: large DNS answers, IKE and NFS over UDP need them [harms-honest-traffic]
      hint: Clients that fragments mistakes."
  `)
  expect(lints(["invalid: notify", "fragments: { only: tiny }"], two)).toBe("")
  expect(lints(["invalid: drop"])).toBe("")
})

test("ports", () => {
  const host = {
    ...testHost,
    listening: [{ protocol: "tcp", range: { from: 23, to: 23 } }] as const,
    sessions: [{ from: admin, port: 2222 }],
  }
  expect(
    lints(
      [
        "open: [ssh, 8000-8100]",
        "decoy-ports: [23/tcp, 8080, 3389/tcp]",
        "port-floods: { smtp: more than 5 in 300s }",
      ],
      host,
    ),
  ).toMatchInlineSnapshot(`
    "p.yaml:4:5: open leaves out port 2222, which you are logged in on: after this connection there is no next one [closes-your-session]
      hint: open: [22/tcp, 8000-8100, 2222/tcp]
    p.yaml:5:5: the decoy port 23/tcp is listened on here: honest clients would be kept out [decoy-port-in-use]
    p.yaml:5:5: the decoy port 8080 is listed under open: honest clients would be kept out [decoy-port-in-use]
    p.yaml:6:20: 25/tcp is not listed under open, so nothing gets as far as this limit [shadowed-entry]"
  `)
  expect(
    lints(
      ["open: [ssh, 2222]", "decoy-ports: [3389/tcp]", "port-floods: { ssh: more than 5 in 300s }"],
      host,
    ),
  ).toBe("")
  expect(lints(["open: { ports: [ssh], action: notify }"], host)).toBe("")
})

test("lists and exceptions", () => {
  const host = {
    ...testHost,
    addresses: [parsePrefix("198.51.100.7") as Prefix],
    sessions: [{ from: admin, port: 22 }],
  }
  expect(lints(["blocklist: [drop.txt]"], host)).toMatchInlineSnapshot(`
    "p.yaml:4:5: blocklist holds 192.0.2.0/24, and in it the address that you are logged in from [lists-yourself]
      hint: take it off the list, or put a bypass before it"
  `)
  expect(lints(["blocklist: [198.51.100.0/24]"], host)).toMatchInlineSnapshot(`
    "p.yaml:4:5: blocklist holds 198.51.100.0/24, and in it an address of this host [lists-yourself]
      hint: take it off the list, or put a bypass before it"
  `)
  expect(lints(["blocklist: ['::/0']"], host)).toMatchInlineSnapshot(
    `"p.yaml:4:5: blocklist holds ::/0, which is everybody [lists-yourself]"`,
  )
  expect(lints(["blocklist: [empty.txt]"], host)).toMatchInlineSnapshot(
    `"p.yaml:4:5: blocklist holds no address [exception-for-nobody]"`,
  )
  expect(lints(["blocklist: [203.0.113.0/24]"], host)).toBe("")
  expect(
    lints(
      ["syn-floods: { for: { a: off, 192.0.2.1: 3000/second, none: off } }"],
      host,
      "addresses: { a: [192.0.2.1], none: file empty.txt }",
    ),
  ).toMatchInlineSnapshot(`
    "p.yaml:4:34: 192.0.2.1 has a limit of its own in syn-floods already [shadowed-entry]
      p.yaml:4:26: first written here
    p.yaml:4:58: "none" holds no address, so this is for nobody [exception-for-nobody]"
  `)
  expect(
    lints(["syn-floods: { for: { 10.0.0.0/8: off, 10.1.0.0/16: 5000/second } }"], host),
  ).toMatchInlineSnapshot(`
    "p.yaml:4:43: 10.1.0.0/16 has the limit of 10.0.0.0/8 in syn-floods already: the first entry that holds a host is the host's [shadowed-entry]
      p.yaml:4:26: written here
      hint: write the narrower one first"
  `)
  expect(lints(["syn-floods: { for: { 10.1.0.0/16: 5000/second, 10.0.0.0/8: off } }"], host)).toBe("")
})

test("blocks of whole networks, bypasses of everything, and nothing at all", () => {
  expect(
    lints(
      ["syn-floods: { per: /16, action: block }"],
      testHost,
      "bypass: [in on wan, in tcp port 80-90, in tcp port 85, out]",
    ),
  ).toMatchInlineSnapshot(`
    "p.yaml:4:5: syn-floods keeps out a whole /16 of IPv4 for what one host in it does [blocks-neighbours]
      hint: a provider's customers share such a prefix: take a longer one, or action: drop
    p.yaml:5:10: "in on wan" lets every such packet past all protections [bypasses-everything]
    p.yaml:5:40: what "in tcp port 85" means is past everything already by "in tcp port 80-90" [shadowed-entry]
      p.yaml:5:21: written here
    p.yaml:5:56: "out" lets every such packet past all protections [bypasses-everything]"
  `)
  expect(lints(["syn-floods: { per: /24, action: block }"])).toBe("")
  expect(lints(["outgoing: {}"])).toMatchInlineSnapshot(`
    "p.yaml:1:15: no zone has a protection [protects-nothing]
      hint: protect: { wan: default }"
  `)
})

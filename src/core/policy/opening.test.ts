import { describe, expect, test } from "vitest"
import { parseAddress } from "../base/address.js"
import { printDiagnostic } from "../base/diagnostic.js"
import { testEnvironment, testHost, testKinds } from "./kinds-fixture.js"
import { lintPolicy } from "./lint.js"
import { loadPolicy } from "./load.js"
import type { HostFacts } from "./policy.js"
import { printPolicy } from "./print.js"

function load(open: string, host: HostFacts = testHost) {
  const text = `interfaces: { wan: auto }\naddresses:\n  office: [198.51.100.0/24, 2001:db8:7::/48]\n  nobody: []\nprotect:\n  wan:\n    open: ${open}\n`
  const environment = testEnvironment({ "lists/here.txt": "192.0.2.7\n" }, host)
  return loadPolicy({ path: "p.yaml", text }, environment, testKinds)
}

function mistakes(open: string): string {
  return load(open)
    .diagnostics.filter(({ severity }) => severity === "error")
    .map(printDiagnostic)
    .join("\n")
}

function printed(open: string): string {
  const { policy } = load(open)
  if (!policy) throw new Error(mistakes(open))
  const text = printPolicy(policy, testKinds)
  const again = loadPolicy(
    { path: "p.yaml", text },
    testEnvironment({ "lists/here.txt": "192.0.2.7\n" }),
    testKinds,
  )
  expect(again.diagnostics.filter(({ severity }) => severity === "error")).toEqual([])
  expect(printPolicy(again.policy!, testKinds).replace(/#.*/g, "")).toBe(text.replace(/#.*/g, ""))
  return text.slice(text.indexOf("    open:"))
}

function lints(open: string, host: HostFacts = testHost): string {
  const { policy, diagnostics } = load(open, host)
  if (!policy) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  return lintPolicy(policy, host, testKinds).map(printDiagnostic).join("\n")
}

describe("what is read is printed, and read again as the same", () => {
  test("items among ports", () =>
    expect(
      printed("[http, { ports: [ssh, 8000-8100], from: office }, { ports: all, only: through }]"),
    ).toMatchInlineSnapshot(`
      "    open:  # p.yaml:7
            ports:
              - 80/tcp
              - { ports: [22/tcp, 8000-8100], from: [office] }  # p.yaml:7
              - { ports: all, only: through }  # p.yaml:7
            action: drop
      "
    `))

  test("every key, and an action for the whole", () =>
    expect(
      printed(
        "{ action: notify, for: { office: off }, ports: [{ ports: 22, from: [office, 192.0.2.1], to: [file lists/here.txt], only: here }] }",
      ),
    ).toMatchInlineSnapshot(`
      "    open:  # p.yaml:7
            ports:
              - { ports: [22], from: [office, 192.0.2.1], to: [file lists/here.txt], only: here }  # p.yaml:7
            for:
              office: off  # p.yaml:7
            action: notify
      "
    `))

  test("the plain list stays as it is", () =>
    expect(printed("[http, https]")).toMatchInlineSnapshot(`
    "    open:  # p.yaml:7
          ports: [80/tcp, 443/tcp]
          action: drop
    "
  `))
})

test("every mistake has its place", () => {
  expect(
    [
      "all",
      "[all]",
      "{ ports: ssh, from: office }",
      "[{ from: office }]",
      "[{ ports: [ssh, all] }]",
      "[{ ports: ssh, form: office }]",
      "[{ ports: ssh, src: office }]",
      "[{ ports: ssh, for: { office: off } }]",
      "[{ ports: ssh, action: notify }]",
      "[{ ports: ssh, from: offcie, to: here }]",
      "[{ ports: ssh, only: input }]",
      "[{ ports: ssh, only: [here] }]",
      "[{ ports: , from: }]",
      "[{ ports: shs }, 70000]",
    ]
      .map((open) => `${open}\n${mistakes(open)}`)
      .join("\n"),
  ).toMatchInlineSnapshot(`
    "all
    p.yaml:7:11: all is open without any word: open is what closes the rest [not-a-port]
      hint: leave open out; what is passed on alone is { ports: all, only: through }
    [all]
    p.yaml:7:12: all is open without any word: open is what closes the rest [not-a-port]
      hint: leave open out; what is passed on alone is { ports: all, only: through }
    { ports: ssh, from: office }
    p.yaml:7:11: ports that are open in part are an item of a list [wrong-kind]
      hint: open: [{ ports: [ssh], from: [office] }]
    [{ from: office }]
    p.yaml:7:12: an item of open does not say which ports [ports-missing]
      hint: { ports: [ssh], from: [office] }; ports: all is every port and protocol
    [{ ports: [ssh, all] }]
    p.yaml:7:27: all stands alone: it is every port and every protocol [not-a-port]
      hint: ports: all
    [{ ports: ssh, form: office }]
    p.yaml:7:26: "form" is not a key of an item of open [unknown-key]
      hint: did you mean "from"?
    [{ ports: ssh, src: office }]
    p.yaml:7:26: "src" is not a key of an item of open [unknown-key]
      hint: write from
    [{ ports: ssh, for: { office: off } }]
    p.yaml:7:26: "for" is not a key of an item of open [unknown-key]
      hint: for is for open as a whole: open: { ports: [{ ports: [ssh], from: [office] }], for: … }
    [{ ports: ssh, action: notify }]
    p.yaml:7:26: "action" is not a key of an item of open [unknown-key]
      hint: action is for open as a whole: open: { ports: [{ ports: [ssh], from: [office] }], action: … }
    [{ ports: ssh, from: offcie, to: here }]
    p.yaml:7:32: "offcie" is not an address, nor a name under addresses [unknown-address]
      hint: did you mean "office"?
    p.yaml:7:44: here is not an address [unknown-address]
      hint: write only: here
    [{ ports: ssh, only: input }]
    p.yaml:7:32: "input" is not a value of only [not-an-option]
      hint: write here
    [{ ports: ssh, only: [here] }]
    p.yaml:7:32: only takes here or through, not a list [wrong-kind]
    [{ ports: , from: }]
    p.yaml:7:21: no port stands here [empty-value]
      hint: an empty list is []
    p.yaml:7:29: no address stands here [empty-value]
      hint: an empty list is []
    [{ ports: shs }, 70000]
    p.yaml:7:21: "shs" is not a port or the name of a service [not-a-port]
      hint: did you mean "ssh"?
    p.yaml:7:28: a port is at most 65535, not 70000 [not-a-port]"
  `)
})

describe("lints", () => {
  test("what opens nothing, or what is open anyhow", () => {
    expect(lints("[ssh, { ports: [ssh], from: office }]")).toMatchInlineSnapshot(`
      "p.yaml:7:17: 22/tcp stands in the list without conditions [shadowed-entry]
        p.yaml:7:5: written here
        hint: take it out there, or leave this item out"
    `)
    expect(
      lints("[{ ports: [ssh], from: 198.51.100.7 }, { ports: [20-25], from: office }]"),
    ).toMatchInlineSnapshot(`
      "p.yaml:7:12: what this opens is open already [shadowed-entry]
        p.yaml:7:50: by this item"
    `)
    expect(
      lints("[{ ports: all, only: here }, { ports: [ssh], from: office, only: here }]"),
    ).toMatchInlineSnapshot(`
      "p.yaml:7:40: what this opens is open already [shadowed-entry]
        p.yaml:7:12: by this item"
    `)
    expect(lints("[{ ports: all }]")).toMatchInlineSnapshot(`
      "p.yaml:7:12: this opens every port to everybody, so that open closes nothing [opens-everything]
        hint: leave open out, or say from, to or only"
    `)
    expect(lints("[{ ports: ssh, from: nobody }]")).toMatchInlineSnapshot(
      `"p.yaml:7:12: from holds no address, so that this opens nothing [exception-for-nobody]"`,
    )
    expect(lints("[{ ports: ssh, from: office }, { ports: ssh, from: office }]")).toMatchInlineSnapshot(`
      "p.yaml:7:42: what this opens is open already [shadowed-entry]
        p.yaml:7:12: by this item"
    `)
  })

  test("what is narrow in another way is not hidden", () => {
    expect(lints("[http, { ports: [ssh, http], from: office }]")).toBe("")
    expect(lints("[{ ports: ssh, only: here }, { ports: ssh, from: office }]")).toBe("")
    expect(lints("[{ ports: 22/tcp, from: office }, { ports: 22/udp, from: office }]")).toBe("")
  })

  test("whoever is logged in can log in again", () => {
    const from = parseAddress("198.51.100.7")!
    const host = { ...testHost, sessions: [{ from, port: 22 }] }
    expect(lints("[http]", host)).toContain("closes-your-session")
    expect(lints("[{ ports: ssh, from: office }]", host)).toBe("")
    expect(lints("[{ ports: all, only: here }]", host)).toBe("")
    expect(lints("[{ ports: ssh, from: 192.0.2.1 }]", host)).toContain("closes-your-session")
    expect(lints("[{ ports: all, only: through }]", host)).toContain("closes-your-session")
  })
})

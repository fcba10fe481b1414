import { expect, test } from "vitest"
import { parseAddress } from "../../core/base/address.js"
import { printSpan } from "../../core/base/diagnostic.js"
import { compilePolicy } from "../../core/policy/compile.js"
import { unknownHost } from "../../core/policy/environment.js"
import { loadPolicy } from "../../core/policy/load.js"
import { type RehearsedSession, rehearse } from "./rehearsal.js"

const files: Readonly<Record<string, string>> = { "list.txt": "192.0.2.0/24\n2001:db8:7::/48\n" }

function rulesOf(protect: string) {
  const text = `version: 1\ninterfaces: { wan: eth0 }\nprotect:\n  wan: ${protect}\n`
  const read = (path: string) => {
    const found = files[path]
    return found === undefined ? { problem: "no such file" } : { text: found }
  }
  const host = { ...unknownHost, ingressDevices: ["eth0"] }
  const { policy, diagnostics } = loadPolicy({ path: "p.yaml", text }, { read, glob: () => [], host })
  if (!policy) throw new Error(diagnostics.map(({ message }) => message).join("\n"))
  return compilePolicy(policy, host).ruleset
}

const session = (remote: string, local: string): RehearsedSession => ({
  remote: { address: parseAddress(remote)!, port: 50000 },
  local: { address: parseAddress(local)!, port: 22 },
  from: "sshd",
  device: "eth0",
})
const four = session("192.0.2.7", "198.51.100.1")
const six = session("2001:db8:7::7", "2001:db8:1::1")

/** What is cut, and by which line; the same whether conntrack knows the sessions or not, unless told. */
function cuts(protect: string, conntrackIsOn: boolean): string[] {
  const addresses = [four, six].map(({ local }) => local.address)
  return rehearse(rulesOf(protect), [four, six], { addresses, conntrackIsOn }).map(
    ({ session: { remote }, what, number, origin }) =>
      `IPv${remote.address.family}: ${what} ${number}, ${origin ? printSpan(origin.span) : "a chain's policy"} ${origin?.protection ?? ""}`,
  )
}

test.each([
  ["nothing that is harmless", "{ preset: default }", []],
  ["nothing that opens the port", "{ open: [ssh], new-tcp-without-syn: drop, invalid: drop }", []],
  [
    "a closed port keeps the next one out, and not the live one",
    "{ open: [http] }",
    ["IPv4: new connection 1, p.yaml:4:10 open", "IPv6: new connection 1, p.yaml:4:10 open"],
  ],
  [
    "a list cuts the live one",
    "{ blocklist: [list.txt] }",
    ["IPv4: live session 1, p.yaml:4:10 blocklist", "IPv6: live session 1, p.yaml:4:10 blocklist"],
  ],
  [
    "a limit keeps the third out",
    "{ port-floods: { ssh: { limit: more than 2 in 300s } } }",
    ["IPv4: new connection 3, p.yaml:4:25 port-floods", "IPv6: new connection 3, p.yaml:4:25 port-floods"],
  ],
  ["what only notifies cuts nobody", "{ open: { ports: [http], action: notify } }", []],
])("%s", (_name, protect, expected) => {
  expect(cuts(protect, false)).toEqual(expected)
  expect(cuts(protect, true)).toEqual(expected)
})

test("each session is rehearsed by itself: many at one address do not spend each other's limit", () => {
  const rules = rulesOf("{ port-floods: { ssh: { limit: more than 5 in 300s } } }")
  const many = Array.from({ length: 5 }, (_, index) => ({
    ...four,
    remote: { ...four.remote, port: 50000 + index },
  }))
  expect(rehearse(rules, many, { addresses: [four.local.address], conntrackIsOn: true })).toEqual([])
})

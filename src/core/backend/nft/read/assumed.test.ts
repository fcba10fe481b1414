import { expect, test } from "vitest"
import { readNft, readNftJson } from "./read.js"

/** What the engine does not do is told where it stands, and says what is assumed. */
const assumed: readonly (readonly [rule: string, problem: string])[] = [
  ['ct helper set "h"', 'ct helper set "h": no connection gets a helper of its own: the rule goes on'],
  ['ct timeout set "o"', 'ct timeout set "o": no connection gets timeouts of its own: the rule goes on'],
  ['ct expectation set "e"', 'ct expectation set "e": no connection is expected: the rule goes on'],
  ['tunnel name "g"', "the engine has no tunnels: the rule goes on"],
  ['meta secmark set "s"', 'meta secmark set "s": there are no security marks: the rule goes on'],
  ["ct secmark set meta secmark", "there are no security marks: the rule goes on"],
  [
    "flow add @f",
    "flow add @f: packets of connections that the kernel forwards by itself are shown to the rules all the same",
  ],
  [
    'xt match "recent"',
    'what the extension "recent" of iptables asks is not in nft\'s listing: the rule is taken never to match',
  ],
  [
    'xt target "TRACE"',
    'what the extension "TRACE" of iptables asks is not in nft\'s listing: the rule is taken to go on',
  ],
  ["meta priority set 1:2", "meta priority set 1:2: it is not written: the rule goes on"],
  ["ip length set 99", "ip length set 99: it is not written: the rule goes on"],
  ["vlan id set 5", "vlan id set 5: it is not written: the rule goes on"],
  [
    "tcp option timestamp tsval set 1",
    "tcp option timestamp tsval set 1: it is not written: the rule goes on",
  ],
]

test.each(assumed)("%s", (rule, message) => {
  expect(problemsOf(rule)).toEqual([["warning", "nft-assumed", 9, 3, message]])
})

const known: readonly string[] = [
  "ip id set 5",
  "tcp window set 5",
  "ip6 flowlabel set 5",
  "icmp code set 3",
  "@ih,8,8 set 7",
  "meta nftrace set 1",
  "ct event set new",
  "ether saddr set 02:00:00:00:00:01",
]

test.each(known)("nothing is assumed of %s", (rule) => expect(problemsOf(rule)).toEqual([]))

test.each(["meta cpu", "ct expiration", "frag id"])("%s cannot be set", (field) => {
  const number = field === "ct expiration" ? "5s" : "1"
  expect(problemsOf(`${field} set ${number}`)).toEqual([
    ["error", "nft-not-here", 9, 3, `${field} cannot be set`],
  ])
})

test("a chain whose devices a listing as JSON leaves out is taken to be on all of them; one that is added there has none", () => {
  const chain = (handle: string) =>
    `{"chain": {"family": "netdev", "table": "n", "name": "c"${handle}, "type": "filter", "hook": "ingress", "prio": 0, "policy": "drop"}}`
  const table = '{"table": {"family": "netdev", "name": "n"}}'
  const devicesOf = (text: string) => {
    const { ruleset, diagnostics } = readNftJson({ path: "rules.json", text })
    return [ruleset.tables[0]?.chains[0]?.base?.devices, diagnostics.map(({ message }) => message)]
  }
  expect(devicesOf(`{"nftables": [${table}, ${chain(', "handle": 1')}]}`)).toEqual([
    ["*"],
    ["this listing leaves out the chain's devices: it is taken to be on all of them"],
  ])
  expect(devicesOf(`{"nftables": [{"add": ${table}}, {"add": ${chain("")}}]}`)).toEqual([undefined, []])
})

test("timeouts of less than a second, which a listing as JSON cuts off to none, are taken to be a second", () => {
  const text = `{"nftables": [{"table": {"family": "inet", "name": "t"}},
{"set": {"family": "inet", "name": "s", "table": "t", "type": "ipv4_addr", "handle": 1, "flags": ["timeout"], "timeout": 0, "gc-interval": 0,
"elem": [{"elem": {"val": "192.0.2.1", "timeout": 0, "expires": 0}}, {"elem": {"val": "192.0.2.2", "timeout": 5, "expires": 0}}]}}]}`
  const { ruleset, diagnostics } = readNftJson({ path: "rules.json", text })
  const set = ruleset.tables[0]?.sets[0]
  expect([set?.timeout, set?.gcInterval]).toEqual([1e9, undefined])
  expect(set?.elements?.map(({ timeout }) => timeout)).toEqual([1e9, 5e9])
  const message = "this listing has whole seconds only, and the timeout is less: it is taken to be 1s"
  expect(diagnostics.map(({ severity, message: said, span }) => [severity, said, span?.line])).toEqual([
    ["warning", message, 2],
    ["warning", message, 3],
  ])
})

/** Severity, id, line, column and message of what is found in one rule. */
function problemsOf(rule: string): readonly (readonly unknown[])[] {
  const text = `table inet t {
  ct helper h { type "ftp" protocol tcp; }
  ct timeout o { protocol tcp; policy = { established : 2m }; }
  ct expectation e { protocol tcp; dport 99; timeout 1m; size 12; }
  secmark s { "system_u:object_r:x_t:s0"; }
  flowtable f { hook ingress priority 0; devices = { lo }; }
  tunnel g { id 5; }
  chain c {
  ${rule}
  }
}`
  return readNft({ path: "rules.nft", text }).diagnostics.map(({ severity, id, span, message }) => [
    severity,
    id,
    span?.line,
    span?.column,
    message,
  ])
}

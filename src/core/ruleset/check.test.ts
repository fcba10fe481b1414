import { expect, test } from "vitest"
import { printDiagnostic } from "../base/diagnostic.js"
import {
  accept,
  add,
  address,
  concat,
  counter,
  ct,
  ctCountOver,
  ctStateIn,
  drop,
  equal,
  exthdr,
  hasAny,
  inSet,
  ip,
  ip6,
  jump,
  limitOver,
  missing,
  notrack,
  parts,
  payload,
  prefixItem,
  returnVerdict,
  tcp,
  update,
  vmap,
} from "./build.js"
import { checkRuleset } from "./check.js"
import type { Hook } from "./hook.js"
import type { StepNode } from "./node.js"
import { printRuleset } from "./print.js"
import type { Chain, Ruleset, SetDeclaration } from "./ruleset.js"

let line = 0

function rules(...steps: readonly StepNode[][]): Chain["rules"] {
  line = 0
  return steps.map((of) => ({
    steps: of,
    origin: { span: { file: "p", line: ++line, column: 1 }, text: "" },
  }))
}

function base(hook: Hook, priority: number, ...steps: readonly StepNode[][]): Chain {
  return { name: "main", base: { type: "filter", hook, priority, policy: "accept" }, rules: rules(...steps) }
}

function table(chains: readonly Chain[], sets: readonly SetDeclaration[] = []): Ruleset {
  return { tables: [{ family: "inet", name: "t", sets, chains }] }
}

function told(ruleset: Ruleset): string[] {
  return checkRuleset(ruleset).map(printDiagnostic)
}

const own: Chain = { name: "own", rules: rules([counter]) }
const set = (over: Partial<SetDeclaration>): SetDeclaration => ({
  name: "s",
  key: ["ipv4_addr"],
  flags: [],
  ...over,
})
const rate = { count: 1, unit: "second" } as const
const meter = update("s", ip("saddr"), {}, limitOver(rate, 5))

test.each<[string, Ruleset, string[]]>([
  [
    "nothing wrong",
    table(
      [own, base("input", 0, [inSet(ip("saddr"), "s"), drop], [jump("own")], [ctStateIn("new"), accept])],
      [set({})],
    ),
    [],
  ],
  [
    "unknown chain",
    table([own, base("input", 0, [jump("onw")])]),
    ['p:1:1: there is no chain onw [unknown-chain]\n  hint: did you mean "own"?'],
  ],
  [
    "unknown chain in a map",
    table([base("input", 0, [vmap(tcp("dport"), [[1, jump("x")]])])]),
    ["p:1:1: there is no chain x [unknown-chain]"],
  ],
  [
    "jump to a base chain",
    table([base("input", 0, [jump("main")])]),
    [
      "p:1:1: main is a base chain, and rules cannot jump there [jump-to-base-chain]",
      "p:1:1: chain main leads back to itself [jump-ring]",
    ],
  ],
  [
    "a ring",
    table([
      { name: "a", rules: rules([jump("b")]) },
      { name: "b", rules: rules([counter], [jump("a")]) },
    ]),
    ["p:1:1: chain a leads back to itself [jump-ring]", "p:1:1: chain b leads back to itself [jump-ring]"],
  ],
  [
    "unknown set",
    table([base("input", 0, [inSet(ip("saddr"), "t")])], [set({})]),
    ['p:1:1: there is no set t [unknown-set]\n  hint: did you mean "s"?'],
  ],
  [
    "another type",
    table([base("input", 0, [inSet(ip6("saddr"), "s")])], [set({})]),
    ["p:1:1: s holds ipv4_addr, and is asked for ipv6_addr [set-type-mismatch]"],
  ],
  [
    "a set used as a map",
    table([base("input", 0, [vmap(ip("saddr"), "s")])], [set({})]),
    ["p:1:1: s is a set, and is used as another kind [set-type-mismatch]"],
  ],
  [
    "concatenations",
    table(
      [base("input", 0, [inSet(concat(ip("saddr"), tcp("dport")), "s")])],
      [set({ key: ["ipv4_addr", "inet_service"], elements: [{ key: parts(1, 65536) }] })],
    ),
    [
      'set s: an element is not of the type ipv4_addr . inet_service: {"parts":[{"value":[1]},{"value":[65536]}]} [value-does-not-fit]',
    ],
  ],
  [
    "unreachable",
    table([base("input", 0, [counter, drop], [accept])]),
    [
      "p:2:1: no packet reaches this rule and what follows it in chain main [unreachable-rule]\n  p:1:1: this rule ends the chain for every packet",
    ],
  ],
  [
    "behind a verdict",
    table([base("input", 0, [drop, counter])]),
    ["p:1:1: a verdict ends its rule, and something stands behind it [step-behind-verdict]"],
  ],
  [
    "ct too early",
    table([base("prerouting", -300, [ctStateIn("invalid"), drop])]),
    [
      "p:1:1: chain main is before conntrack, where every packet's state is invalid and nothing else is known [conntrack-too-early]\n  hint: ask at prerouting with a priority above -200",
    ],
  ],
  [
    "ct too early in a chain behind",
    table([{ name: "own", rules: rules([equal(ct("mark"), 1)]) }, base("prerouting", -200, [jump("own")])]),
    [
      "p:1:1: chain main is before conntrack, where every packet's state is invalid and nothing else is known [conntrack-too-early]\n  hint: ask at prerouting with a priority above -200",
    ],
  ],
  ["ct in time", table([base("prerouting", -199, [ctStateIn("invalid"), drop])]), []],
  [
    "notrack too late",
    table([base("input", 0, [notrack])]),
    [
      "p:1:1: chain main is behind conntrack, where notrack comes too late [notrack-too-late]\n  hint: use a priority of -300",
    ],
  ],
  [
    "ports of fragments",
    table([base("prerouting", -450, [equal(tcp("dport"), 22), drop])]),
    [
      "p:1:1: chain main sees fragments, and the kernel reads ports and flags of later ones out of their data [fragments-have-ports]\n  hint: ask ip frag-off & 0x1fff == 0 (and exthdr frag missing) before",
    ],
  ],
  [
    "ports of fragments, thought of",
    table([
      base(
        "prerouting",
        -450,
        [hasAny(ip("frag-off"), 0x1fff), returnVerdict],
        [missing(exthdr("frag")), equal(tcp("dport"), 22), drop],
      ),
    ]),
    [],
  ],
  ["ports behind defragmentation", table([base("prerouting", -300, [equal(tcp("dport"), 22), drop])]), []],
  [
    "no size",
    table([base("input", 0, [meter, drop])], [set({ flags: ["dynamic"] })]),
    [
      "set s: rules add to it, and it does not say how many elements it holds [dynamic-set-without-size]\n  hint: state its size, and what happens when it is full",
    ],
  ],
  [
    "statements in a set that is not dynamic",
    table([base("input", 0, [meter, drop])], [set({ size: 5 })]),
    ["p:1:1: set s lacks the flag dynamic, which elements with statements need [dynamic-not-declared]"],
  ],
  [
    "intervals and rules",
    table([base("input", 0, [add("s", ip("saddr"))])], [set({ flags: ["interval", "dynamic"], size: 5 })]),
    [
      "set s: rules cannot add to a set of intervals [interval-and-dynamic]",
      "p:1:1: rules cannot add to s, a set of intervals [interval-and-dynamic]",
    ],
  ],
  [
    "a network in a set of hosts",
    table([], [set({ elements: [{ key: prefixItem({ address: { family: 4, words: [0] }, length: 8 }) }] })]),
    [
      "set s: an element is a network, a range or a wildcard, and the set lacks the flag interval [interval-not-declared]",
    ],
  ],
  [
    "timeouts",
    table([base("input", 0, [add("s", ip("saddr"), { timeout: 1e9 })])], [set({ size: 5, timeout: 1e9 })]),
    [
      "set s: elements have a timeout, and the set lacks the flag [timeout-not-declared]",
      "p:1:1: set s lacks the flag timeout [timeout-not-declared]",
    ],
  ],
  [
    "counts with timeouts",
    table(
      [base("input", 0, [add("s", ip("saddr"), {}, ctCountOver(3))])],
      [set({ size: 5, flags: ["dynamic", "timeout"] })],
    ),
    ["p:1:1: set s: elements that count connections cannot have a timeout [count-with-timeout]"],
  ],
  [
    "too small",
    table([], [set({ size: 1, elements: [{ key: { value: [1] } }, { key: { value: [2] } }] })]),
    ["set s: 2 elements are more than its size, 1 [set-too-small]"],
  ],
  [
    "an element with a verdict in a set",
    table([], [set({ elements: [{ key: { value: [1] }, data: drop }] })]),
    ["set s: an element of a set has a value [value-does-not-fit]"],
  ],
  [
    "unknown field",
    table([base("input", 0, [equal(payload("tcp", "dprt"), 1)])]),
    ['p:1:1: tcp has no field dprt [unknown-field]\n  hint: did you mean "dport"?'],
  ],
  [
    "a value that is too large",
    table([base("input", 0, [equal(tcp("dport"), 65536)])]),
    ['p:1:1: a value is not of the type inet_service: {"value":[65536]} [value-does-not-fit]'],
  ],
  [
    "words of another family",
    table([base("input", 0, [equal(ip("saddr"), address("::1"))])]),
    ['p:1:1: a value is not of the type ipv4_addr: {"value":[0,0,0,1]} [value-does-not-fit]'],
  ],
  [
    "names",
    table(
      [
        { name: "drop", rules: [] },
        { name: "x", rules: [] },
        { name: "x", rules: [] },
      ],
      [set({ name: "a b" })],
    ),
    [
      "two chains have the name x [duplicate-name]",
      "set a b: nft does not take this name [bad-nft-name]",
      'nft does not take "drop" as the name of a chain [bad-nft-name]',
    ],
  ],
  [
    "what nft cannot say",
    table([base("input", 0, [limitOver(rate, 0), drop])]),
    ["p:1:1: nft refuses a limit with a burst below 1 packet [nft-cannot-say]"],
  ],
])("%s", (_, ruleset, expected) => expect(told(ruleset)).toEqual(expected))

test("a ruleset prints for people", () => {
  const origin = {
    span: { file: "policy.yaml", line: 12, column: 5 },
    zone: "wan",
    protection: "syn-floods",
    text: "syn-floods:\n  200/second burst 1000",
  }
  const sets = [
    set({
      name: "meter",
      flags: ["dynamic", "timeout"],
      size: 65535,
      timeout: 60e9,
      keeps: "limiter",
      origin,
    }),
  ]
  const chain = base(
    "prerouting",
    -150,
    [update("meter", ip("saddr"), {}, limitOver({ count: 200, unit: "second" }, 1000)), drop],
    [counter],
    [accept],
  )
  const withOrigins = {
    ...chain,
    rules: chain.rules.map((rule, index) => (index < 2 ? { ...rule, origin } : rule)),
  }
  expect(printRuleset(table([withOrigins, { name: "own", rules: [] }], sets))).toMatchInlineSnapshot(`
    "table inet t

      set meter: ipv4_addr, dynamic, timeout, size 65535, timeout 1m, keeps its elements (limiter)  # policy.yaml:12 (wan, syn-floods): syn-floods: 200/second burst 1000

      chain main: filter prerouting, priority -150, policy accept
        # policy.yaml:12 (wan, syn-floods): syn-floods: 200/second burst 1000
          0  update @meter { ip saddr limit rate over 200/second burst 1000 packets } drop
          1  counter
        # p:3
          2  accept

      chain own
    "
  `)
})

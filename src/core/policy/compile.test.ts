import { describe, expect, test } from "vitest"
import { printDiagnostic } from "../base/diagnostic.js"
import type { StepNode } from "../ruleset/node.js"
import type { Ruleset } from "../ruleset/ruleset.js"
import { compilePolicy } from "./compile.js"
import { loadPolicy } from "./load.js"
import type { HostFacts } from "./policy.js"
import { protectionKinds } from "./protections/index.js"

const host: HostFacts = {
  defaultInterfaces: ["eth0"],
  defaultRoutes: 1,
  addresses: [],
  listening: [],
  ingressDevices: ["eth0"],
  egress: true,
}

function compile(wan: string, margin = "", facts: HostFacts = host, zone = "wan"): Ruleset {
  const text = `interfaces: { ${zone}: [eth0] }\nprotect:\n  ${zone}:\n    ${wan.replaceAll("\n", "\n    ")}\n${margin}\n`
  const environment = {
    read: () => ({ text: "203.0.113.0/24\n2001:db8::/32\n192.0.2.9\n" }),
    glob: () => [],
    host: facts,
  }
  const { policy, diagnostics } = loadPolicy({ path: "policy.yaml", text }, environment)
  if (!policy) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  const compiled = compilePolicy(policy, facts)
  expect(compiled.diagnostics.map(printDiagnostic)).toEqual([])
  return compiled.ruleset
}

function stepsOf(ruleset: Ruleset): readonly StepNode[] {
  return ruleset.tables.flatMap(({ chains }) =>
    chains.flatMap(({ rules }) => rules.flatMap(({ steps }) => steps)),
  )
}

/** Every chain that is led to, and every set that is used, stands in the same table, once. */
function checkNames({ tables }: Ruleset): void {
  for (const { chains, sets } of tables) {
    const names = chains.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    const setNames = sets.map(({ name }) => name)
    expect(new Set(setNames).size).toBe(setNames.length)
    const steps = chains.flatMap(({ rules }) => rules.flatMap((rule) => rule.steps))
    for (const step of steps) {
      if (step.step === "verdict" && step.chain !== undefined) expect(names).toContain(step.chain)
      if (step.step === "verdict-map" && typeof step.map !== "string")
        for (const { verdict } of step.map)
          if (verdict.chain !== undefined) expect(names).toContain(verdict.chain)
      if (step.step === "lookup" && typeof step.set === "string") expect(setNames).toContain(step.set)
      if (step.step === "set-update") expect(setNames).toContain(step.set)
    }
  }
}

describe("every kind", () => {
  for (const kind of protectionKinds) {
    test(`${kind.name}: its example compiles, arriving and leaving, for each action`, () => {
      checkNames(compile(kind.manual.example))
      checkNames(compile(kind.manual.example, "", { ...host, ingressDevices: [], egress: false }))
      if (kind.outgoing) checkNames(compile(`outgoing:\n  ${kind.manual.example}`))
      for (const action of ["notify", "drop", "block"]) {
        checkNames(compile(kind.manual.example, `action: ${action}\nnever-block: [192.0.2.0/24]`))
      }
    })
  }
})

describe("every preset", () => {
  for (const preset of ["default", "strong", "watch", "kura-flooding-protection"]) {
    test(`${preset}: names are there, dynamic sets say their size, dropping rules count`, () => {
      const ruleset = compile(`preset: ${preset}`)
      checkNames(ruleset)
      for (const { sets } of ruleset.tables)
        for (const { flags, size } of sets) if (flags.includes("dynamic")) expect(size).toBeGreaterThan(0)
      const dropping = ruleset.tables.flatMap(({ chains }) =>
        chains.flatMap(({ rules }) =>
          rules.filter(({ steps }) => steps.at(-1)?.step === "verdict" && isDrop(steps.at(-1)!)),
        ),
      )
      for (const { steps, origin } of dropping) {
        expect(steps.some(({ step }) => step === "counter")).toBe(true)
        expect(origin.zone).toBe("wan")
        expect(origin.protection).toBeDefined()
      }
      expect(dropping.length > 0).toBe(true)
    })
  }
})

function isDrop(step: StepNode): boolean {
  return step.step === "verdict" && step.verdict === "drop"
}

test("watch drops nothing but what was blocked by hand", () => {
  const ruleset = compile("preset: watch")
  const protections = ruleset.tables.flatMap(({ chains }) =>
    chains.flatMap(({ rules }) =>
      rules.filter(({ steps }) => isDrop(steps.at(-1)!)).map(({ origin }) => origin.protection),
    ),
  )
  expect(new Set(protections)).toEqual(new Set(["blocked"]))
})

test("a log prefix names zone, protection and action, and is at most 63 characters long", () => {
  const zone = "a-zone-with-a-name-of-31-letters"
  const prefixes = stepsOf(
    compile("preset: strong\noutgoing: { syn-floods: 5/second burst 5 }", "", host, zone.slice(0, 31)),
  )
    .filter((step) => step.step === "log")
    .map((step) => step.prefix)
  expect(prefixes.length).toBeGreaterThan(5)
  for (const prefix of prefixes) expect(prefix.length).toBeLessThanOrEqual(63)
  expect(stepsOf(compile("syn-floods: 5/second burst 5")).find((step) => step.step === "log")).toMatchObject({
    prefix: "floodwall wan syn-floods drop",
    group: 7,
  })
})

test("fragments that leave are judged on the wire where there is an egress hook, and passed-on ones by their route where there is none", () => {
  const wire = compile("outgoing: { fragments: drop }")
  expect(wire.tables.map(({ family }) => family)).toEqual(["inet", "netdev"])
  const route = compile("outgoing: { fragments: drop }", "", { ...host, egress: false })
  expect(route.tables.map(({ family }) => family)).toEqual(["inet"])
  expect(route.tables[0]!.chains.map(({ name }) => name)).toContain("leaving-fragments")
})

test("the same policy compiles to the same rules", () => {
  expect(compile("preset: default")).toEqual(compile("preset: default"))
})

test("a detector that somebody wrote is told to be nobody's work yet; a preset's is not", () => {
  const diagnosticsOf = (more: string) => {
    const text = `interfaces: { wan: auto }\nprotect: { wan: default }\n${more}`
    const { policy } = loadPolicy(
      { path: "p.yaml", text },
      { read: () => ({ text: "" }), glob: () => [], host },
    )
    return compilePolicy(policy!, host).diagnostics.map(({ id, severity }) => `${severity} ${id}`)
  }
  expect(diagnosticsOf("")).toEqual([])
  expect(diagnosticsOf("detect: { port-scan: more than 20 in 60s }")).toEqual([
    "warning detect-without-guard",
  ])
})

test("ports with a count of their own have sets of their own, beside the general one's", () => {
  const ruleset = compile("connections: { limit: 300, ssh: 5, 80/tcp: 20 }")
  checkNames(ruleset)
  const counting = ruleset.tables.flatMap(({ sets }) => sets.map(({ name }) => name))
  expect(counting.filter((name) => name.includes("connections"))).toEqual(
    ["", "/tcp22", "/tcp80"].flatMap((part) =>
      [4, 6].map((family) => `wan/connections${part}/sources${family}`),
    ),
  )
})

test.each([
  ["0.0.0.0/0: off", ["ip saddr", "nfproto"]],
  ['"::/0": off', ["nfproto", "ip6 saddr"]],
  ["192.0.2.9: off", ["ip saddr", "nfproto"]],
])("a limit that all share leaves out %s, and nothing of the other family", (hosts, first) => {
  const { tables } = compile(`syn-floods: { limit: 1/minute burst 1, per: everyone, for: { ${hosts} } }`)
  const rules = tables.flatMap(({ chains }) => chains).find(({ name }) => name === "wan/syn")?.rules ?? []
  const limits = rules.filter(({ steps }) => JSON.stringify(steps).includes('"limit"'))
  const words = limits.map(({ steps }) => {
    const text = JSON.stringify(steps[0])
    return /nfproto/.exec(text)?.[0] ?? /"protocol":"(ip6?)","field":"(saddr)"/.exec(text)?.slice(1).join(" ")
  })
  expect(words).toEqual(first)
})

test.each([
  ["a detector that blocks", "detect: { port-scan: { limit: more than 20 in 60s, action: block } }", true],
  ["one that tells", "detect: { port-scan: { limit: more than 20 in 60s, action: notify } }", false],
  ["a rule that lists", "  lan: { decoy-ports: { ports: [23/tcp], action: block } }", true],
  [
    "nobody is listed without a proof",
    "  lan: { decoy-ports: { ports: [23/tcp], action: block } }\nforged-sources: prove",
    false,
  ],
  ["nobody blocks", "", false],
])(
  "who proved nothing is kept from opening anything where nothing else judges connections: %s",
  (_, more, expected) => {
    const text = `interfaces: { wan: eth0, lan: eth1 }\nprotect:\n  wan: { malformed-xmas: drop }\n${more}\n`
    const { policy } = loadPolicy(
      { path: "policy.yaml", text },
      { read: () => ({ text: "" }), glob: () => [], host },
    )
    const { tables } = compilePolicy(policy!, host).ruleset
    const rules = tables[0]?.chains.find(({ name }) => name === "wan/state-new")?.rules ?? []
    expect(JSON.stringify(rules).includes("blocked-new6")).toBe(expected)
  },
)

test("whoever is led to a chain without being asked for TCP is asked for it there, by each rule", () => {
  const [table] = compile("preset: default\ndecoy-ports: { ports: [23/tcp], action: block }").tables
  const leading = table!.chains.flatMap(({ rules }) => rules).filter(({ isTcpAskedLater }) => isTcpAskedLater)
  expect(leading).toHaveLength(1)
  const target = leading[0]!.steps.find((step) => step.step === "verdict")?.chain
  const asked = table!.chains.find(({ name }) => name === target)?.rules ?? []
  expect(asked.length).toBeGreaterThan(0)
  for (const { steps } of asked) expect(JSON.stringify(steps)).toContain('"protocol":"tcp"')
})

import { expect, test } from "vitest"
import { policy } from "./support/captures.js"
import { floodwall, folderWith, run } from "./support/floodwall.js"

function compile(...words: readonly string[]) {
  return floodwall(["compile", ...words], { directory: folderWith({ "a.yaml": policy }) })
}

test("nft text: one table of its own, each rule with its policy line", () => {
  const { status, output, error } = compile("a.yaml")
  expect({ status, error }).toEqual({ status: 0, error: "" })
  expect(output).toMatch(/^table inet floodwall \{\n/)
  expect(output).toContain('comment "a.yaml:6')
  expect(output).not.toMatch(/flush ruleset/)
})

test("nft takes the text", () => {
  const check = run("sh", ["-c", "unshare -rn nft -c -f -"], { input: compile("a.yaml").output })
  if (/Operation not permitted|not found/.test(check.error)) {
    console.log(`skipped: nft cannot be asked here: ${check.error.trim()}`)
    return
  }
  expect(check).toEqual({ status: 0, output: "", error: "" })
})

test("--to ruleset names rules as replay and explain do", () => {
  const { status, output } = compile("--to", "ruleset", "a.yaml")
  expect(status).toBe(0)
  expect(output).toMatch(/\n {2}chain wan\/malformed-null\n/)
  expect(output).toContain("# a.yaml:6 (wan, syn-floods): syn-floods: 10/second burst 5")
})

test("--json is data", () => {
  const ruleset = JSON.parse(compile("--to", "ruleset", "--json", "a.yaml").output)
  expect(ruleset.tables[0]).toMatchObject({ family: "inet", name: "floodwall" })
  const nft = JSON.parse(compile("--json", "a.yaml").output)
  expect(nft).toMatchObject({ backend: "nft", diagnostics: [] })
  expect(nft.text).toBe(compile("a.yaml").output)
})

test.each(["iptables", "ip6tables"])(
  "%s: the rules, their sets for ipset, and a warning for each rule that is left out",
  (backend) => {
    const { status, output, error } = compile("--to", backend, "a.yaml")
    expect(status).toBe(0)
    expect(output).toMatch(/^\*raw\n:PREROUTING ACCEPT \[0:0\]\n/)
    expect(output).toMatch(/-m comment --comment "a\.yaml:5 malformed-null" -j DROP\n/)
    expect(error).toMatch(/^a\.yaml:\d+:\d+: warning: .* is left out \[iptables-cannot-say\]$/m)
    expect(error).toMatch(/\nThe rules ask for sets: .* --sets /)
    const sets = compile("--to", backend, "--sets", "a.yaml").output
    expect(sets).toMatch(/^create \S+ hash:/)
    expect(sets).not.toContain("-A ")
  },
)

test("--sets is for iptables", () => {
  expect(compile("--sets", "a.yaml")).toMatchObject({ status: 2, output: "" })
})

test("nft's rules as iptables' are read again, and mean the same", () => {
  const rules = `table inet t {
	chain input { type filter hook input priority 0; policy accept; ip saddr 203.0.113.66 tcp dport 22 drop; }
}
`
  const directory = folderWith({ "r.nft": rules })
  const to = ["compile", "--rules", "r.nft", "--to", "iptables"]
  const { status, output: text } = floodwall(to, { directory })
  expect(status).toBe(0)
  const packet = ["explain", "--json", "--rules", "-", "203.0.113.66:4000 > 192.0.2.1:22 S"]
  const { output } = floodwall(packet, { directory, input: text })
  expect(JSON.parse(output)).toMatchObject({
    verdict: "drop",
    rule: { table: "filter", chain: "INPUT", index: 0, origin: { file: "standard-input" } },
  })
})

test("another backend is a wrong word", () => {
  const { status, error } = compile("--to", "pf", "a.yaml")
  expect(status).toBe(2)
  expect(error).toContain('"pf" is not a backend: it is one of nft, iptables, ip6tables, ruleset')
})

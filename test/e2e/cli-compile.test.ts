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

test("iptables is told to be missing: exit 1, and nothing is printed", () => {
  for (const backend of ["iptables", "ip6tables"]) {
    const { status, output, error } = compile("--to", backend, "a.yaml")
    expect({ status, output }).toEqual({ status: 1, output: "" })
    expect(error).toMatch(/rules cannot be written yet \[backend-missing\]\n {2}hint: --to nft/)
  }
})

test("another backend is a wrong word", () => {
  const { status, error } = compile("--to", "pf", "a.yaml")
  expect(status).toBe(2)
  expect(error).toContain('"pf" is not a backend: it is one of nft, iptables, ip6tables, ruleset')
})

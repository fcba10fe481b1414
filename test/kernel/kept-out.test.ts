import { expect } from "vitest"
import { compilePolicy } from "../../src/core/policy/compile.js"
import { loadPolicy } from "../../src/core/policy/load.js"
import { kernelTest } from "./support/kernel-test.js"
import { counts, labFacts, type Placement, passes, placeProbes, protect } from "./support/protect.js"

/** Somebody may be listed by the zone `wan`; `lan` judges nothing behind connection tracking but who is kept out. */
function rules(placement: Placement, margin: string) {
  const text = `version: 1
interfaces: { wan: wan0, lan: lan0 }
protect:
  wan: { malformed-null: block }
  lan: { malformed-null: drop }
${margin}`
  const host = labFacts(placement)
  const { policy } = loadPolicy(
    { path: "policy.yaml", text },
    { read: () => ({ text: "" }), glob: () => [], host },
  )
  return compilePolicy(policy!, host).ruleset
}

/** What is answered by a host outside, then from there what begins anew: five protocols, and an answer that is no beginning. */
const listed = "198.51.100.2"
const opening = `${listed}:5 > 192.0.2.2:53 udp len 20
${listed}:5 > 192.0.2.2:80 S
${listed} > 192.0.2.2 icmp echo-request id 1 seq 1
${listed} > 192.0.2.2 gre len 60
${listed}:7 > 192.0.2.2:53 udp len 20`
const call = `192.0.2.2:4000 > ${listed}:53 udp len 20`
const answer = `${listed}:53 > 192.0.2.2:4000 udp len 20`

for (const placement of ["ingress", "prerouting"] as const) {
  kernelTest(
    `${placement}: who is kept from new connections opens none by another zone, of any protocol, and answers`,
    ({ laboratory }) => {
      placeProbes(laboratory)
      protect(laboratory, rules(placement, ""))
      expect(passes(laboratory, opening, "inside")).toBe(5)
      const other = opening.replaceAll(":5 ", ":6 ").replaceAll(":7 ", ":8 ").replace("id 1", "id 2")
      laboratory.firewall.nft(`add element inet floodwall blocked-new4 { ${listed} }\n`)
      // Nobody answers GRE, so it is new each time.
      expect(passes(laboratory, other, "inside")).toBe(0)
      expect(passes(laboratory, call)).toBe(1)
      expect(passes(laboratory, answer, "inside")).toBe(1)
      const { "lan/syn": syn = 0, "lan/state-new": fresh = 0 } = counts(laboratory)
      expect([syn, fresh]).toEqual([1, 4])
    },
  )
}

kernelTest("where nobody is listed without a proof, such a zone looks at nothing", ({ laboratory }) => {
  placeProbes(laboratory)
  protect(laboratory, rules("ingress", "forged-sources: prove\n"))
  const { stdout } = laboratory.firewall.run("nft", ["list", "table", "inet", "floodwall"])
  expect(stdout).toContain("chain lan/syn")
  expect(stdout).not.toContain("lan/state")
})

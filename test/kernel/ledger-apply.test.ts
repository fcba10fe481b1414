import { expect, test } from "vitest"
import { createGateway } from "./support/gateway.js"
import { needsKernel } from "./support/kernel-test.js"

test("whom the ledger keeps out is in the kernel after an apply without a guard, though the kernel had forgotten him", (context) => {
  needsKernel(context)
  const gateway = createGateway()
  const policy = gateway.policy("one", "{ preset: default }")
  const apply = () =>
    JSON.parse(gateway.floodwall("apply", "--keep", "--json", policy).stdout) as { keptOutAgain: number }
  expect(apply().keptOutAgain).toBe(0)
  gateway.floodwall("block", "198.18.7.7", "198.18.8.0/24", "2001:db8:bad::5", "--for", "2h")
  // What a boot leaves: rules from the boot text, and none of their elements.
  gateway.laboratory.firewall.nft("flush ruleset")
  gateway.laboratory.firewall.run("nft", ["-f", `${gateway.state}/boot.nft`])
  expect(gateway.rules("all")).not.toContain("198.18.7.7")
  expect(apply().keptOutAgain).toBe(3)
  const rules = gateway.rules("all")
  for (const each of ["198.18.7.7 counter", "198.18.8.0/24 counter", "2001:db8:bad:: counter"])
    expect(rules).toContain(`elements = { ${each}`)
  expect(apply().keptOutAgain).toBe(0)
})

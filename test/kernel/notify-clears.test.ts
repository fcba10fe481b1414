import { expect, test } from "vitest"
import { createGateway } from "./support/gateway.js"
import { needsKernel } from "./support/kernel-test.js"

test("from block to notify the list is cleared, after saying so, without a guard: whom rules listed goes, whom somebody blocked by hand stays", (context) => {
  needsKernel(context)
  const gateway = createGateway()
  const { firewall } = gateway.laboratory
  const listed = () =>
    ["blocked4", "blocked-new4"].flatMap((set) =>
      [
        ...firewall
          .run("nft", ["list", "set", "inet", "floodwall", set])
          .stdout.matchAll(/203\.0\.113\.\d+/g),
      ].map(([source]) => source),
    )
  const blocks = gateway.policy("blocks", "{ malformed-xmas: block, malformed-null: drop }")
  const notifies = gateway.policy("notifies", "{ malformed-xmas: notify, malformed-null: notify }")
  expect(gateway.floodwall("apply", blocks, "--keep", "--force").status).toBe(0)
  firewall.nft("add element inet floodwall blocked4 { 203.0.113.5 timeout 1h }")
  firewall.nft("add element inet floodwall blocked-new4 { 203.0.113.6 timeout 10m }")
  expect(gateway.floodwall("block", "203.0.113.7").status).toBe(0)
  expect(listed().sort()).toEqual(["203.0.113.5", "203.0.113.6", "203.0.113.7"].sort())
  const applied = gateway.floodwall("apply", notifies, "--keep", "--force")
  expect([applied.status, applied.stderr]).toEqual([
    0,
    expect.stringContaining("what 2 sources were blocked for only notifies now: let in again"),
  ])
  expect(listed()).toEqual(["203.0.113.7"])
})

import { expect, test } from "vitest"
import { readNft } from "../../backend/nft/read/read.js"
import { createEngine } from "../engine.js"
import { judgePacket as judge } from "../engine-fixture.js"

test("a connection's time begins when it is confirmed: before, it is none, as in the kernel", () => {
  const text = `table ip t {
    chain in {
      type filter hook input priority 0;
      ct state new ct expiration 0 accept
      ct state new ct expiration 30 reject
      drop
    }
  }`
  const { ruleset } = readNft({ path: "rules.nft", text })
  const engine = createEngine(ruleset, { random: () => 0 }).engine!
  const question = {
    source: "192.0.2.9",
    destination: "192.0.2.1",
    udp: { sourcePort: 1, destinationPort: 53 },
  }
  expect(judge(engine, question, "input")).toBe("accept new")
  expect(judge(engine, question, "input")).toBe("reject new")
})

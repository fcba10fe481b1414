import { expect, test } from "vitest"
import { createGateway } from "./support/gateway.js"
import { needsKernel } from "./support/kernel-test.js"

test("the chain bypass has the policy's lines and the administrator's: an apply changes its own and leaves the others, a trial that is given up changes none", (context) => {
  needsKernel(context)
  const gateway = createGateway()
  const { firewall } = gateway.laboratory
  const nft = (...words: readonly string[]) =>
    firewall.namespace.run("nft", words, { fails: "allowed" }).stdout
  const policy = (name: string, lines: string) =>
    gateway.policy(name, `{ malformed-xmas: drop, decoy-ports: [23/tcp] }\nbypass: ${lines}`)
  const chain = (name: string) =>
    nft("-s", "list", "chain", "inet", "floodwall", name)
      .split("\n")
      .filter((line) => line.startsWith("\t\t"))
      .map((line) => line.trim().replace(/ comment .*/, ""))
  const rules = () => {
    const lines = chain("bypass")
    return lines.flatMap((line) => (line.startsWith("jump ") ? chain(line.slice(5)) : [line]))
  }
  const first = policy("first", "[in tcp port 2222, out udp port 53]")
  const second = policy("second", "[in tcp port 3333]")
  const hand = "ip saddr 192.0.2.9 accept"

  expect(gateway.floodwall("apply", first, "--keep", "--force").status).toBe(0)
  nft("add", "rule", "inet", "floodwall", "bypass", ...hand.split(" "))
  expect(rules()).toHaveLength(5)
  expect(rules().join("\n")).toContain("2222")
  expect(rules().at(-1)).toBe(hand)
  expect(gateway.floodwall("apply", first, "--keep", "--force").stdout).toMatch(/unchanged/i)

  expect(gateway.floodwall("apply", second, "--confirm", "60", "--force").status).toBe(0)
  // Both stand there, each behind its gate.
  expect(rules().join("\n")).toMatch(/@trial return.*3333.*@trial return.*2222/s)
  expect(gateway.floodwall("rollback").status).toBe(0)
  expect(rules().join("\n")).not.toMatch(/trial|3333/)
  expect([rules().length, rules().at(-1)]).toEqual([5, hand])

  expect(gateway.floodwall("apply", second, "--confirm", "60", "--force").status).toBe(0)
  expect(gateway.floodwall("confirm").status).toBe(0)
  expect(rules().join("\n")).not.toMatch(/trial|2222/)
  expect([rules().length, rules().at(-1)]).toEqual([3, hand])
  expect(rules()[0]).toContain("3333")

  // Who takes the policy's lines out of it has changed the rules.
  expect(gateway.floodwall("diff", second).status).toBe(0)
  nft("flush", "chain", "inet", "floodwall", "bypass")
  expect(gateway.floodwall("diff", second).status).toBe(1)
  expect(gateway.floodwall("apply", second, "--keep", "--force").stdout).not.toMatch(/unchanged/i)
  expect(rules()).toHaveLength(2)
})

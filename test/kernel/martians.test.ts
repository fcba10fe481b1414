import { expect } from "vitest"
import type { PacketDescription } from "../../src/core/packet/description.js"
import { HookOracle } from "./support/hook-oracle.js"
import { kernelTest } from "./support/kernel-test.js"

const usual = {
  4: { client: "203.0.113.7", local: "192.0.2.1", other: "198.51.100.2" },
  6: { client: "2001:db8:9::7", local: "2001:db8:1::1", other: "2001:db8:2::2" },
} as const

const odd = {
  4: [
    "0.0.0.0",
    "0.1.2.3",
    "127.0.0.1",
    "224.0.0.1",
    "232.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.51.100.1",
    "169.254.1.1",
  ],
  6: ["::", "2001:db8:1::1", "2001:db8:2::1", "fe80::5", "fec0::1", "::ffff:1.2.3.4", "ff02::1"],
} as const

kernelTest(
  "addresses that the kernel does not believe, and packets without a hop left, end where the kernel ends them",
  ({ laboratory }) => {
    const oracle = new HookOracle(laboratory, "")
    for (const family of [4, 6] as const) {
      const { client, local, other } = usual[family]
      const packets: PacketDescription[] = []
      const udp = (port: number) => ({ udp: { sourcePort: port, destinationPort: 9 } })
      let port = 1000
      for (const source of odd[family])
        for (const destination of [local, other]) packets.push({ source, destination, ...udp(port++) })
      // Groups that nobody here joined are refused too, and who joined which the engine is not told.
      for (const destination of odd[family])
        if (destination !== "232.1.1.1") packets.push({ source: client, destination, ...udp(port++) })
      for (const ttl of [0, 1, 2]) {
        packets.push({ source: client, destination: other, ttl, ...udp(port++) })
        packets.push({ source: client, destination: local, ttl, ...udp(port++) })
      }
      if (family === 4)
        for (const destination of ["255.255.255.255", "224.0.0.1"])
          packets.push({ source: "0.0.0.0", destination, ...udp(port++) })
      for (const packet of packets) oracle.send("outside", [packet])
    }
    const { compared, differences } = oracle.compare({ tables: [] }, undefined, undefined, "states of others")
    expect(differences.join("\n")).toBe("")
    expect(compared).toBeGreaterThan(60)
    const ended = oracle.packets.filter(({ device, places }) => device !== "" && places.length === 1)
    expect(ended.length).toBeGreaterThan(20)
  },
)

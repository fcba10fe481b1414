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

/** IPv4 options, good and bad: who chose the way, whom the pointer has room for, labels and lengths. */
const options = [
  [1, 1, 1, 0],
  [0, 7, 1, 1],
  [7, 7, 4, 0, 0, 0, 0, 0],
  [7, 7, 8, 0, 0, 0, 0, 0],
  [7, 7, 6, 0, 0, 0, 0, 0],
  [7, 3, 4, 0],
  [7, 3, 3, 0],
  [7, 1, 1, 0],
  [7, 39, 4, 0],
  [1, 1, 1, 7],
  [68, 3, 5, 0],
  [68, 8, 5, 0, 0, 0, 0, 0],
  [68, 8, 5, 1, 0, 0, 0, 0],
  [68, 8, 4, 0, 0, 0, 0, 0],
  [68, 12, 5, 3, 1, 2, 3, 4, 0, 0, 0, 0],
  [68, 12, 13, 0xe1, 0, 0, 0, 0, 0, 0, 0, 0],
  [68, 12, 13, 0xf1, 0, 0, 0, 0, 0, 0, 0, 0],
  [131, 7, 4, 1, 2, 3, 4, 0],
  [131, 3, 8, 0],
  [137, 7, 8, 1, 2, 3, 4, 0],
  [148, 4, 0, 0],
  [148, 4, 0, 1],
  [148, 3, 0, 0],
  [130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [134, 6, 0, 0, 0, 1, 0, 0],
  [94, 2, 0, 0],
  [255, 0, 0, 0],
]

kernelTest(
  "addresses that the kernel does not believe, options that it does not follow, and packets without a hop left, end where the kernel ends them",
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
        for (const bytes of options)
          for (const destination of [local, other])
            packets.push({
              source: client,
              destination,
              ipOptions: Uint8Array.from(bytes),
              ...udp(port++),
            })
      if (family === 4)
        for (const destination of ["255.255.255.255", "224.0.0.1"])
          packets.push({ source: "0.0.0.0", destination, ...udp(port++) })
      for (const packet of packets) oracle.send("outside", [packet])
    }
    const { compared, differences } = oracle.compare({ tables: [] }, undefined, undefined, "states of others")
    expect(differences.join("\n")).toBe("")
    expect(compared).toBeGreaterThan(110)
    const ended = oracle.packets.filter(({ device, places }) => device !== "" && places.length === 1)
    expect(ended.length).toBeGreaterThan(50)
  },
)

import { expect } from "vitest"
import { ACK } from "../../src/core/packet/packet.js"
import { ActWriter, Numbers, type World, worlds } from "../../src/linux/demo/traffic/act.js"
import { TcpSession } from "../../src/linux/demo/traffic/tcp-session.js"
import { compared, differences, judgeBoth, states } from "./support/agree.js"
import { kernelTest } from "./support/kernel-test.js"

const combinations = Array.from({ length: 256 }, (_, flags) => flags)
const numbers = new Numbers()

function session(world: World, writer: ActWriter, flags: number): TcpSession {
  return new TcpSession(
    writer,
    { side: "outside", address: world.outside(flags), port: 2000 + flags },
    { side: "inside", address: world.inside, port: 80 },
  )
}

for (const world of worlds) {
  kernelTest(
    `all 256 flag combinations without a connection, IPv${world.family}: the engine's state is conntrack's`,
    ({ laboratory }) => {
      const writer = new ActWriter(numbers)
      for (const flags of combinations) session(world, writer, flags).segment("client", flags)
      const comparisons = judgeBoth(laboratory, { ruleset: { tables: [] } }, writer.frames)
      expect(differences(comparisons)).toEqual([])
      expect(compared(comparisons)).toBe(256)
      expect(states(comparisons)).toMatchInlineSnapshot(`
        {
          "invalid": 224,
          "new": 32,
        }
      `)
    },
  )

  for (const from of ["client", "server"] as const)
    kernelTest(
      `all 256 flag combinations from the ${from} of a connection, IPv${world.family}: the engine's state is conntrack's`,
      ({ laboratory }) => {
        const writer = new ActWriter(numbers)
        for (const flags of combinations) session(world, writer, flags).open().segment(from, flags)
        const comparisons = judgeBoth(laboratory, { ruleset: { tables: [] } }, writer.frames)
        expect(differences(comparisons)).toEqual([])
        expect(compared(comparisons)).toBe(256 * 4)
        // 256 handshakes, and what the flags themselves came to.
        const invalid = from === "client" ? 192 : 200
        expect(states(comparisons)).toEqual({ new: 256, established: 768 - invalid, invalid })
      },
    )

  kernelTest(
    `what follows each flag combination, IPv${world.family}: the connection is in the same state in both`,
    ({ laboratory }) => {
      const writer = new ActWriter(numbers)
      for (const flags of combinations) {
        const connection = session(world, writer, flags).open()
        connection.segment("client", flags)
        connection.segment("server", ACK, 10)
        connection.segment("client", ACK)
        connection.segment("client", 2)
        connection.segment("server", 18)
      }
      const comparisons = judgeBoth(laboratory, { ruleset: { tables: [] } }, writer.frames)
      expect(differences(comparisons)).toEqual([])
      expect(compared(comparisons)).toBe(256 * 8)
      expect(states(comparisons)).toMatchInlineSnapshot(`
        {
          "established": 1248,
          "invalid": 544,
          "new": 256,
        }
      `)
    },
  )
}

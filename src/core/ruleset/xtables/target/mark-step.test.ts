import { expect, test } from "vitest"
import { Packet } from "../../../packet/packet.js"
import type { Run, Step } from "../../runtime.js"
import { connmarkStep, markStep } from "./mark-step.js"

/** The packet's mark and the connection's, afterwards. */
function marks(step: Step, mark: number, connectionMark: number | null): string {
  const connection = connectionMark === null ? null : { mark: connectionMark }
  const run = { mark, connection } as unknown as Run
  step(new Packet(), run)
  return `${run.mark.toString(16)} ${connection?.mark.toString(16) ?? "-"}`
}

test.each([
  ["--set-xmark 0xf0/0xff", markStep(0xf0, 0xff), 0x1234, null, "12f0 -"],
  ["--or-mark 0x1", markStep(1, 1), 0xffff0000, null, "ffff0001 -"],
  ["--and-mark 0xff", markStep(0, 0xffffff00), 0x1234, null, "34 -"],
  ["--xor-mark 0x80000000", markStep(0x80000000, 0), 1, null, "80000001 -"],
  [
    "--set-xmark 0x5/0xf of the connection",
    connmarkStep({ mode: "set", value: 5, connectionMask: 15, packetMask: 0 }),
    7,
    0xab,
    "7 a5",
  ],
  [
    "--save-mark",
    connmarkStep({ mode: "save", value: 0, connectionMask: 0xffffffff, packetMask: 0xffffffff }),
    0xdeadbeef,
    1,
    "deadbeef deadbeef",
  ],
  [
    "--save-mark --nfmask 0xff --ctmask 0xff00",
    connmarkStep({ mode: "save", value: 0, connectionMask: 0xff00, packetMask: 0xff }),
    0x1234,
    0xffff,
    "1234 cb",
  ],
  [
    "--restore-mark",
    connmarkStep({ mode: "restore", value: 0, connectionMask: 0xff, packetMask: 0xff }),
    0x1200,
    0x4456,
    "1256 4456",
  ],
  [
    "without a connection",
    connmarkStep({ mode: "restore", value: 0, connectionMask: 0xff, packetMask: 0xff }),
    0x1200,
    null,
    "1200 -",
  ],
])("%s", (_name, step, mark, connectionMark, expected) =>
  expect(marks(step, mark, connectionMark)).toBe(expected),
)

import { expect, test } from "vitest"
import { matchStep, outcomes } from "../step-fixture.js"
import { bpf } from "./bpf.js"

const tcp = { tcp: { sourcePort: 1024, destinationPort: 80, flags: 2 } }
const udp = { udp: { sourcePort: 1024, destinationPort: 53 } }

test.each([
  ["the protocol is TCP", "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0", "x."],
  [
    "the flags are SYN, behind a header of any length",
    "5,177 0 0 0,80 0 0 13,21 0 1 2,6 0 0 1,6 0 0 0",
    "x.",
  ],
  ["beyond the end nothing matches", "2,32 0 0 37,6 0 0 1", ".."],
  ["the packet's length", "4,128 0 0 0,53 0 1 40,6 0 0 1,6 0 0 0", "x."],
  ["arithmetic, memory and registers", "7,0 0 0 7,4 0 0 3,2 0 0 2,97 0 0 2,36 0 0 2,28 0 0 0,22 0 0 0", "xx"],
  ["division by zero", "4,0 0 0 1,1 0 0 0,60 0 0 0,6 0 0 1", ".."],
])("%s", (_name, program, expected) =>
  expect(outcomes([matchStep(bpf, `--bytecode "${program}"`)], [tcp, udp])).toBe(expected),
)

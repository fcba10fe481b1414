import type { Extension, ValueSpec } from "../extension.js"
import { badOptions, badValue } from "../problem.js"
import { neverMatches } from "../unknown-step.js"
import { text } from "../value-text.js"
import { bpfStep } from "./bpf-step.js"

/** `2,48 0 0 9,6 0 0 1`: how many instructions, and each as opcode, jump if true, jump if false, operand. The value is a list of lists of four numbers. */
const bytecode: ValueSpec = {
  shape: "classic BPF program as nfbpf_compile prints it: 2,48 0 0 9,6 0 0 1",
  parse: (word) => {
    const [count, ...lines] = word
      .split(",")
      .filter((line, index, all) => index < all.length - 1 || line !== "")
    const program = lines.map((line) => line.trim().split(/\s+/).map(Number))
    const limits = [0xffff, 0xff, 0xff, 0xffffffff]
    if (
      program.some(
        (line) => line.length !== 4 || line.some((number, at) => !(number >= 0 && number <= limits[at]!)),
      )
    )
      return badValue("an instruction is four numbers: opcode, two jumps, operand")
    if (Number(count) !== program.length || program.length < 1 || program.length > 64)
      return badValue(`a program of ${program.length} instructions says that it has "${count}" (1 to 64)`)
    return program
  },
  print: (value) => {
    const program = value as readonly (readonly number[])[]
    return `"${[program.length, ...program.map((line) => line.join(" "))].join(",")}"`
  },
}

export const bpf: Extension = {
  name: "bpf",
  role: "match",
  families: [4, 6],
  options: [
    { name: "bytecode", value: bytecode, excludes: ["object-pinned"] },
    { name: "object-pinned", value: text({ minimum: 1, maximum: 511, bare: true }) },
  ],
  check: (options) =>
    options.length === 0 ? badOptions("bpf needs --bytecode or --object-pinned") : undefined,
  compile: ([option]) =>
    option?.name === "bytecode"
      ? bpfStep(
          (option.value as readonly (readonly [number, number, number, number])[]).map(
            ([code, jumpTrue, jumpFalse, k]) => ({ code, jumpTrue, jumpFalse, k }),
          ),
        )
      : neverMatches,
  assumes: ([option]) => (option?.name === "object-pinned" ? "it never matches" : undefined),
  manual: { title: "iptables: bpf", text: "A filter program over the packet.", example: "meta l4proto tcp" },
}

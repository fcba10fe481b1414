import { needNetfilter } from "../host/capabilities.js"
import { differences } from "../host/difference.js"
import { readKernel } from "../host/kernel.js"
import type { Difference } from "../host/listing.js"
import { failed } from "../host/outcome.js"
import { type Command, type ExitStatus, exit, jsonOption } from "./command.js"
import { compileHere } from "./compile-here.js"
import type { Io } from "./output.js"
import { policyWords } from "./policy-file.js"
import { tell } from "./told.js"

export const command: Command<{ readonly json?: boolean }> = {
  operands: "[policy]",
  description:
    "Compares a policy with what runs: every rule and set that is only in the policy (+) or only in the kernel (-). The policy is loaded into a network namespace that " +
    "exists for this moment only, and the kernel lists both. Counters, and what rules put into sets, are not compared. " +
    policyWords,
  options: [jsonOption],
  exitOne: "they differ",
  exitThree: "no privilege, no nft, no nf_tables, or no network namespace to compare in",
  examples: [{ line: "floodwall diff", text: "what an apply would change" }],
  async run(operands, { json }, io): Promise<ExitStatus> {
    const able = needNetfilter()
    if (failed(able)) return tell(able.failure, io)
    const compiled = compileHere(operands[0], io)
    if (compiled === undefined) return exit.wrong
    const kernel = readKernel()
    if (failed(kernel)) return tell(kernel.failure, io)
    const found = differences(compiled.ruleset, kernel.value)
    if (failed(found)) return tell(found.failure, io)
    if (json)
      io.json({
        differs: found.value.length > 0,
        inForce: kernel.value.inForce !== null,
        differences: found.value,
      })
    else print(found.value, kernel.value.inForce !== null, io)
    return found.value.length > 0 ? exit.no : exit.done
  },
}

function print(differences: readonly Difference[], isInForce: boolean, io: Io): void {
  if (!isInForce) {
    io.print(`${io.style.bad("NOT PROTECTED")}: nothing of the policy is in the kernel`)
    return
  }
  if (differences.length === 0) {
    io.print("no difference")
    return
  }
  let where = ""
  for (const difference of differences) {
    if (difference.where !== where) io.print(io.style.bold(difference.where))
    where = difference.where
    const isWanted = difference.side === "policy"
    io.print((isWanted ? io.style.good : io.style.bad)(`  ${isWanted ? "+" : "-"} ${difference.line}`))
  }
}

import { type Diagnostic, hasErrors } from "../../core/base/diagnostic.js"
import { loadPolicy } from "../../core/policy/load.js"
import type { HostFacts, Policy } from "../../core/policy/policy.js"
import { gatherFacts } from "../host/facts.js"
import type { Io } from "./output.js"
import { fileEnvironment, readPolicyText } from "./policy-file.js"

export interface OpenedPolicy {
  readonly path: string
  /** Absent where there is an error. */
  readonly policy?: Policy
  /** Not reported yet. */
  readonly diagnostics: readonly Diagnostic[]
  readonly host: HostFacts
}

/** The device that `auto` stands for where there is no default route, in commands that never touch the kernel. */
const SOMEWHERE = "eth0"

/**
 * Finds, reads and loads the policy for a command that only looks. `auto` is this host's; on a host without default route it is taken as
 * eth0, and that is told. Undefined: it could not be read, which has been reported; the exit is 2.
 */
export function openPolicy(named: string | undefined, io: Io): OpenedPolicy | undefined {
  const text = readPolicyText(named, io)
  if (text === undefined) return undefined
  const facts = gatherFacts()
  const isHere = facts.defaultInterfaces.length > 0
  const host = isHere
    ? facts
    : { ...facts, defaultInterfaces: [SOMEWHERE], ingressDevices: [...facts.ingressDevices, SOMEWHERE] }
  if (!isHere && /\bauto\b/.test(text.text)) {
    io.note(`There is no default route here: auto is taken as ${SOMEWHERE}.`)
  }
  return { path: text.path, host, ...loadPolicy(text, fileEnvironment(host)) }
}

/** Reports what was found; lints are `check`'s to tell. False: there are errors, and the exit is 2. */
export function reportProblems(diagnostics: readonly Diagnostic[], io: Io): boolean {
  io.report(diagnostics.filter(({ severity }) => severity !== "lint"))
  return !hasErrors(diagnostics)
}

import { type Diagnostic, hasErrors } from "../../core/base/diagnostic.js"
import { compilePolicy } from "../../core/policy/compile.js"
import { loadPolicy } from "../../core/policy/load.js"
import type { HostFacts, Policy, Zone } from "../../core/policy/policy.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { gatherFacts } from "../host/facts.js"
import { readDevices } from "../host/routes.js"
import type { Io } from "./output.js"
import { fileEnvironment, readPolicyText } from "./policy-file.js"

export interface CompiledHere {
  readonly path: string
  readonly ruleset: Ruleset
  /** The same without ingress chains, for kernels and boots at which a device is not there. */
  readonly fallback: Ruleset
  readonly facts: HostFacts
  readonly policy: Policy
}

/**
 * The policy as rules for this very host, for commands that load them or compare them with the kernel: unlike those that only look, a host without default route
 * has no `auto`. Everything there is to say is reported; undefined: there was an error, and the exit is 2.
 */
export function compileHere(named: string | undefined, io: Io): CompiledHere | undefined {
  const text = readPolicyText(named, io)
  if (text === undefined) return undefined
  const facts = gatherFacts()
  const loaded = loadPolicy(text, fileEnvironment(facts))
  const compiled = loaded.policy && compilePolicy(loaded.policy, facts)
  const absent = loaded.policy ? absentDevices(loaded.policy) : []
  const told = [...loaded.diagnostics, ...absent, ...(compiled?.diagnostics ?? [])]
  io.report(told.filter(isTold))
  if (!loaded.policy || !compiled || hasErrors(told)) return undefined
  const fallback = compilePolicy(loaded.policy, { ...facts, ingressDevices: [], egress: false })
  return {
    path: text.path,
    ruleset: compiled.ruleset,
    fallback: fallback.ruleset,
    facts,
    policy: loaded.policy,
  }
}

/** Rules may wait for a device (ppp0, a tunnel), and a name may be wrong. A * names devices that come and go. */
function absentDevices({ zones }: Policy): readonly Diagnostic[] {
  const here = readDevices().map(({ name }) => name)
  const isAbsent = (device: string) => !device.endsWith("*") && !here.includes(device)
  return here.length === 0 ? [] : zones.flatMap((zone) => zone.interfaces.filter(isAbsent).map(absent(zone)))
}

function absent({ origin }: Zone): (device: string) => Diagnostic {
  return (device) => ({
    id: "device-not-here",
    severity: "warning",
    message: `${device} is not on this host: until it comes, nothing on it is protected`,
    span: origin.span,
    hint: "ip -br link lists the devices",
  })
}

/** Lints are `check`'s to tell. */
function isTold({ severity }: Diagnostic): boolean {
  return severity !== "lint"
}

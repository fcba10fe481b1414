import { compilePolicy } from "../../src/core/policy/compile.js"
import { loadPolicy } from "../../src/core/policy/load.js"
import type { HostFacts } from "../../src/core/policy/policy.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"

const host: HostFacts = {
  defaultInterfaces: ["eth0"],
  defaultRoutes: 1,
  addresses: [],
  listening: [],
  ingressDevices: ["eth0"],
  egress: false,
}

/** A policy of one line, as a file. */
export function policyText(preset: string): string {
  return `version: 1\ninterfaces: { wan: eth0 }\nprotect: { wan: ${preset} }\n`
}

/** The preset's rules on a host with one device. */
export function presetRules(preset: string): Ruleset {
  const file = { path: "bench.yaml", text: policyText(preset) }
  const { policy, diagnostics } = loadPolicy(file, {
    read: () => ({ problem: "no files" }),
    glob: () => [],
    host,
  })
  if (!policy) throw new Error(diagnostics.map(({ message }) => message).join("; "))
  return compilePolicy(policy, host).ruleset
}

import { type Diagnostic, hasErrors } from "../../core/base/diagnostic.js"
import { type PolicyText, unknownHost } from "../../core/policy/environment.js"
import { loadPolicy } from "../../core/policy/load.js"
import type { HostFacts, Policy } from "../../core/policy/policy.js"
import { gatherFacts } from "../host/facts.js"
import { readDevices } from "../host/routes.js"
import type { Io } from "./output.js"
import { fileEnvironment, readPolicyText } from "./policy-file.js"

export interface OpenedPolicy {
  readonly path: string
  /** Absent where there is an error. */
  readonly policy?: Policy
  /** Not reported yet. */
  readonly diagnostics: readonly Diagnostic[]
  /** What is known of the host that the policy is for; without `sessions` it is another host than this one. */
  readonly host: HostFacts
}

/** The device that `auto` stands for where there is no default route, in commands that never touch the kernel. */
const SOMEWHERE = "eth0"

/**
 * Finds, reads and loads the policy for a command that only looks. `auto` is this host's; on a host without default route it is taken as
 * eth0, and that is told. A policy none of whose devices is here is taken as another host's, of which nothing is known: what listens here and where
 * this host's default route leads says nothing of it. Undefined: it could not be read, which has been reported; the exit is 2.
 */
export function openPolicy(named: string | undefined, io: Io): OpenedPolicy | undefined {
  const text = readPolicyText(named, io)
  return text && loadHere(text, io)
}

/** The same of a policy's text. */
export function loadHere(text: PolicyText, io: Io): OpenedPolicy {
  const facts = gatherFacts()
  const isHere = facts.defaultInterfaces.length > 0
  const host = isHere
    ? facts
    : { ...facts, defaultInterfaces: [SOMEWHERE], ingressDevices: [...facts.ingressDevices, SOMEWHERE] }
  if (!isHere && /\bauto\b/.test(text.text)) {
    io.note(`There is no default route here: auto is taken as ${SOMEWHERE}.`)
  }
  const loaded = loadPolicy(text, fileEnvironment(host))
  const devices = loaded.policy?.zones.flatMap(({ interfaces }) => interfaces) ?? []
  if (devices.length === 0 || !isHere || isAnyHere(devices, facts))
    return { path: text.path, host, ...loaded }
  io.note(`No device of the policy is here (${devices.join(", ")}): it is taken as another host's.`)
  const elsewhere = { ...unknownHost, ingressDevices: devices.filter(isOneDevice), egress: facts.egress }
  return { path: text.path, host: elsewhere, ...loadPolicy(text, fileEnvironment(elsewhere)) }
}

function isAnyHere(devices: readonly string[], { defaultInterfaces }: HostFacts): boolean {
  const isMeant = (name: string) =>
    devices.some((device) => (isOneDevice(device) ? device === name : name.startsWith(device.slice(0, -1))))
  return defaultInterfaces.some(isMeant) || readDevices().some(({ name }) => isMeant(name))
}

function isOneDevice(device: string): boolean {
  return !device.endsWith("*")
}

/** Reports what was found; lints are `check`'s to tell. False: there are errors, and the exit is 2. */
export function reportProblems(diagnostics: readonly Diagnostic[], io: Io): boolean {
  io.report(diagnostics.filter(({ severity }) => severity !== "lint"))
  return !hasErrors(diagnostics)
}

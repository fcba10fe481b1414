import { readIptables } from "../../core/backend/iptables/read.js"
import { hasErrors } from "../../core/base/diagnostic.js"
import type { Imported } from "../../core/dialect/imported.js"
import { asksOwnAddresses } from "../../core/ruleset/asks-own-addresses.js"
import { readCapture } from "../capture/read-capture.js"
import { ComparedReplay } from "./compared-replay.js"
import { comparisonText } from "./comparison-text.js"
import { makeReplay } from "./make-replay.js"
import { loadHere } from "./open-policy.js"
import type { Io } from "./output.js"
import { ReplayListener } from "./replay-listener.js"
import type { PathOptions } from "./replay-options.js"
import { SortedCaptures } from "./sorted-captures.js"
import { type Subject, subjectOfPolicy, subjectOfRules } from "./subject.js"

export interface ProofOptions extends PathOptions {
  readonly prove?: readonly string[]
  readonly json?: boolean
  readonly output?: string
}

interface Proof {
  /** The tool's name. */
  readonly title: string
  readonly options: ProofOptions
  /** Standard output is the report's; else it is the policy's. */
  readonly onOutput: boolean
}

/**
 * Sends captures through the rules that the tool itself loads and through the policy, and tells which packets fare otherwise. False: it could not be
 * done, which has been reported.
 */
export async function prove(
  imported: Imported,
  policy: string,
  { title, options, onOutput }: Proof,
  io: Io,
): Promise<boolean> {
  const owner = ownerSubject(imported, title, options, io)
  if (owner === undefined) return false
  const path = options.output ?? "policy"
  const ours = subjectOfPolicy(loadHere({ path, text: policy }, io), options, io)
  if (ours === undefined) return false
  const before = makeReplay(owner, options, io)
  const after = makeReplay(ours, options, io)
  const sorted = SortedCaptures.open({}, io)
  if (before === undefined || after === undefined || sorted === undefined) return false
  const compared = new ComparedReplay(before.replay, after.replay, after.devices)
  const listener = new ReplayListener({ ...before, compared, sorted }, {}, io)
  const captures = options.prove ?? []
  for (const capture of captures) {
    const progress = io.progress(capture, "packets")
    const { diagnostics } = await readCapture(capture, (record, read) => listener.take(record, read), {
      onProgress: (done, size) => progress.at(done, before.replay.count, size),
    })
    progress.done()
    io.report(diagnostics)
    if (hasErrors(diagnostics)) return false
  }
  const summary = before.replay.summary()
  const difference = compared.summary()
  if (options.json) {
    io.json({ proof: { ...difference, captures, changed: compared.changed } })
    return true
  }
  const { first, last, accepted, leftAside, withoutDirection } = listener
  const story = {
    ...{ first, last, accepted, leftAside, withoutDirection, captures },
    kind: "policy" as const,
    knowsLocal: options.local !== undefined,
    asksLocal: asksOwnAddresses(owner.ruleset),
    knowsNetworks: options.interface !== undefined,
    settings: options.sysctl ?? [],
    strangeDevices: [...before.devices.strange],
    firstInterface: owner.firstInterface,
  }
  const names = [owner.name, ours.name] as const
  const text = comparisonText(difference, compared.changed, names, summary, story, io)
  if (onOutput) io.print(`\n${text}`)
  else io.note(`\n${text}`)
  return true
}

/** Undefined: nobody knows what the tool would load, or it could not be read; either has been reported. */
function ownerSubject(
  { ownerRules }: Imported,
  title: string,
  options: PathOptions,
  io: Io,
): Subject | undefined {
  if (ownerRules === undefined) {
    io.wrong(
      "bad-command-line",
      `what ${title} loads for this configuration only ${title} knows`,
      "iptables-save > rules.v4 where it runs, then floodwall replay --rules rules.v4 --compare POLICY CAPTURE",
    )
    return undefined
  }
  const { ipv4, ipv6 } = ownerRules()
  const name = `the rules of ${title}`
  const read = [readIptables({ path: name, text: ipv4 }, 4), readIptables({ path: name, text: ipv6 }, 6)]
  const ruleset = { tables: read.flatMap((each) => each.ruleset.tables) }
  const diagnostics = read.flatMap((each) => each.diagnostics)
  return subjectOfRules({ name, files: [], ruleset, diagnostics }, options, io)
}

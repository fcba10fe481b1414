import { readIptables } from "../../../src/core/backend/iptables/read.js"
import { renderNft } from "../../../src/core/backend/nft/render.js"
import { printDiagnostic } from "../../../src/core/base/diagnostic.js"
import { printDraft } from "../../../src/core/dialect/draft.js"
import type { Imported } from "../../../src/core/dialect/imported.js"
import { parseScript } from "../../../src/core/packet/script.js"
import { compilePolicy } from "../../../src/core/policy/compile.js"
import { loadPolicy } from "../../../src/core/policy/load.js"
import type { Ruleset } from "../../../src/core/ruleset/ruleset.js"
import type { Comparison } from "../../../src/linux/demo/agreement.js"
import { laboratoryFacts } from "../../../src/linux/demo/engine-run.js"
import type { ActFrame } from "../../../src/linux/demo/traffic/act.js"
import { createLaboratory, type Laboratory } from "../../../src/linux/host/namespace/laboratory.js"
import { describe, judgeBoth } from "./agree.js"
import { silenceResets } from "./protect.js"

/**
 * The tool's own rules in the kernel, by iptables and ip6tables, and in a second laboratory the policy that its configuration is imported as, over the same packets at the same
 * times: `.` for each that passes, `x` for each that does not. Where the engine says otherwise than the kernel, that is told instead.
 */
export function onBothSides(
  laboratory: Laboratory,
  imported: Imported,
  script: string,
): { readonly owner: string; readonly ours: string } {
  const frames = framesOf(script)
  const { ipv4, ipv6 } = imported.ownerRules!()
  const tables = [
    readIptables({ path: "owner", text: ipv4 }, 4),
    readIptables({ path: "owner", text: ipv6 }, 6),
  ].flatMap(({ ruleset }) => ruleset.tables)
  const countsConnections = /connlimit/.test(ipv4 + ipv6)
  const owner = judge(laboratory, { tables }, frames, ({ firewall }) => {
    if (countsConnections) silenceResets(firewall)
    firewall.run("iptables-restore", [], { input: ipv4 })
    if (ipv6 !== "") firewall.run("ip6tables-restore", [], { input: ipv6 })
  })
  const environment = { read: () => ({ problem: "none" }), glob: () => [], host: laboratoryFacts }
  const draft = printDraft(imported.policy, imported.items, "imported")
  const { policy, diagnostics } = loadPolicy({ path: "policy.yaml", text: draft }, environment)
  if (!policy) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  const { ruleset } = compilePolicy(policy, laboratoryFacts)
  const second = createLaboratory()
  try {
    const ours = judge(second, ruleset, frames, ({ firewall }) => {
      if (countsConnections) silenceResets(firewall)
      firewall.nft(renderNft(ruleset).text)
    })
    return { owner, ours }
  } finally {
    second.close()
  }
}

function framesOf(script: string): readonly ActFrame[] {
  const { packets, diagnostics } = parseScript(script, "script")
  if (diagnostics.length > 0) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  return packets.map(({ bytes, time, inputInterface }) => ({
    side: inputInterface === "lan0" ? "inside" : "outside",
    at: time,
    bytes,
    prelude: false,
  }))
}

/**
 * What the kernel did with each packet; where the engine says otherwise, that is told instead. Where a busy machine sent some of them too late it is done once more in a fresh laboratory, and at the tenth time
 * taken as it is: what came of it is not looked at.
 */
function judge(
  first: Laboratory,
  ruleset: Ruleset,
  frames: readonly ActFrame[],
  load: (laboratory: Laboratory) => void,
): string {
  for (let attempt = 1; ; attempt++) {
    const laboratory = attempt === 1 ? first : createLaboratory()
    try {
      load(laboratory)
      const comparisons = judgeBoth(laboratory, { ruleset }, frames, { pace: true })
      if (attempt < 10 && isLate(comparisons, frames)) continue
      // Differences on answers of the firewall are told, too.
      return comparisons
        .filter(({ arrival, same }) => !arrival.own || same === false)
        .map((each) => (each.same === false ? `(${describe(each)})` : each.kernel === "through" ? "." : "x"))
        .join("")
    } finally {
      if (laboratory !== first) laboratory.close()
    }
  }
}

/** Nanoseconds: windows of the configurations end further from any packet that comes in time. */
const LATE = 100e6

function isLate(comparisons: readonly Comparison[], frames: readonly ActFrame[]): boolean {
  const times = comparisons.filter(({ arrival }) => !arrival.own).map(({ arrival }) => arrival.frame.time)
  return times.some((time, index) => {
    const frame = frames[index]
    return frame !== undefined && time - times[0]! - (frame.at - frames[0]!.at) > LATE
  })
}

import { renderNft } from "../../../src/core/backend/nft/render.js"
import { hasErrors, printDiagnostic } from "../../../src/core/base/diagnostic.js"
import { parseScript } from "../../../src/core/packet/script.js"
import { compilePolicy } from "../../../src/core/policy/compile.js"
import { loadPolicy } from "../../../src/core/policy/load.js"
import type { HostFacts } from "../../../src/core/policy/policy.js"
import type { Ruleset } from "../../../src/core/ruleset/ruleset.js"
import { settle } from "../../../src/linux/host/namespace/frame-capture.js"
import type { Host, Laboratory } from "../../../src/linux/host/namespace/laboratory.js"

export type Placement = "ingress" | "prerouting"

/** The laboratory's firewall as a policy knows it. */
export function labFacts(placement: Placement): HostFacts {
  return {
    defaultInterfaces: ["wan0"],
    defaultRoutes: 1,
    addresses: [],
    listening: [],
    ingressDevices: placement === "ingress" ? ["wan0", "lan0"] : [],
    egress: placement === "ingress",
  }
}

/** Whatever list a policy names holds these. */
const list = "# an example\n198.18.0.0/15\n203.0.113.200\n2001:db8:bad::/48\n"

/** The rules of `protect: wan:` with these lines, and whatever stands at the margin. Throws with the diagnostics where the policy is wrong. */
export function rulesFor(wan: string, placement: Placement, margin = ""): Ruleset {
  const text = `version: 1\ninterfaces: { wan: wan0 }\nprotect:\n  wan:\n    ${wan.replaceAll("\n", "\n    ")}\n${margin}\n`
  const host = labFacts(placement)
  const environment = { read: () => ({ text: list }), glob: () => [], host }
  const { policy, diagnostics } = loadPolicy({ path: "policy.yaml", text }, environment)
  if (!policy || hasErrors(diagnostics))
    throw new Error(`${text}\n${diagnostics.map(printDiagnostic).join("\n")}`)
  const compiled = compilePolicy(policy, host)
  if (compiled.diagnostics.length > 0) throw new Error(compiled.diagnostics.map(printDiagnostic).join("\n"))
  return compiled.ruleset
}

/** Loads a ruleset into the laboratory's firewall, in place of what `protect` loaded before. */
export function protect(laboratory: Laboratory, ruleset: Ruleset): void {
  const { text, diagnostics } = renderNft(ruleset)
  if (diagnostics.length > 0) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  const old = ["inet", "netdev"].map(
    (family) => `table ${family} floodwall\ndelete table ${family} floodwall\n`,
  )
  laboratory.firewall.nft(`${old.join("")}${text}`)
}

/** Counts what passes: behind all of ours, to this host, through it, and out of it. */
const probes = `table inet probe
delete table inet probe
table inet probe {
  chain input { type filter hook input priority 300; iifname != "lo" counter; }
  chain forward { type filter hook forward priority 300; iifname != "lo" counter; }
}
`

export function placeProbes(laboratory: Laboratory): void {
  laboratory.firewall.nft(probes.replaceAll(/; (iifname .*); }/g, "\n $1\n }"))
}

/**
 * Has the firewall refuse nothing by a reset. A connection that was refused is over, and the kernel forgets to count it: in the next tick of its clock (4 ms), so that a limit of connections lets
 * as many more past as ticks go by while they come.
 */
export function silenceResets(firewall: Host): void {
  firewall.nft(`table inet silent {
  chain output {
    type filter hook output priority -400
    tcp flags & rst == rst drop
  }
}
`)
}

/** Sends a packet script's packets from outside, and says how many reached this host or were passed on. */
export function passes(
  laboratory: Laboratory,
  script: string,
  from: "outside" | "inside" = "outside",
): number {
  const before = probed(laboratory)
  const { packets, diagnostics } = parseScript(script, "script")
  if (diagnostics.length > 0) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  let last = 0
  const sender = laboratory[from].sender("eth0")
  for (let at = 0; at < packets.length; ) {
    if (packets[at]!.time > last) settle((packets[at]!.time - last) / 1e6)
    last = packets[at]!.time
    let until = at + 1
    while (until < packets.length && packets[until]!.time === last) until++
    sender.send(packets.slice(at, until).map(({ bytes }) => ({ bytes })))
    at = until
  }
  settle(20)
  return probed(laboratory) - before
}

function probed(laboratory: Laboratory): number {
  const text = laboratory.firewall.run("nft", ["list", "table", "inet", "probe"]).stdout
  return [...text.matchAll(/counter packets (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** Packets that each chain of ours counted, where it counted some. */
export function counts(laboratory: Laboratory): Record<string, number> {
  const found: Record<string, number> = {}
  for (const family of ["inet", "netdev"]) {
    const listing = laboratory.firewall.run("nft", ["list", "table", family, "floodwall"], {
      fails: "allowed",
    })
    if (listing.status !== 0) continue
    let chain = ""
    for (const line of listing.stdout.split("\n")) {
      chain = /^\tchain (\S+) \{/.exec(line)?.[1] ?? chain
      const count = Number(/counter packets (\d+)/.exec(line)?.[1] ?? 0)
      // Elements of sets stand before all chains, and count for themselves.
      if (count > 0 && chain !== "") found[chain] = (found[chain] ?? 0) + count
    }
  }
  return found
}

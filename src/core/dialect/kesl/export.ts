import { type Prefix, printPrefix } from "../../base/prefix.js"
import type { Policy } from "../../policy/policy.js"
import { itemName } from "./settings.js"

/** The settings of Network Threat Protection that say what a policy says, and what they cannot say, a sentence each. */
export interface KeslSettings {
  readonly settings: {
    readonly ActionOnDetect: "Notify" | "Block"
    readonly BlockAttackingHosts: "Yes" | "No"
    readonly BlockDurationMinutes: number
    readonly UseExcludeIPs: "Yes" | "No"
    readonly ExcludeIPs: readonly string[]
  }
  readonly unsaid: readonly string[]
}

const minute = 60e9
const longest = 32_768
const usual = 60

/** A policy in KESL's five settings: its highest action, its block's time, and who is never blocked. */
export function exportKesl(policy: Policy): KeslSettings {
  const protections = policy.zones.flatMap(({ incoming, outgoing }) => [...incoming, ...outgoing])
  const all = [...policy.detect, ...protections]
  const blocking = all.filter(({ action }) => action === "block")
  const isQuiet = all.every(({ action }) => action === "notify")
  const unsaid: string[] = []
  const scans = policy.detect.find(({ name }) => name === "port-scan")
  const times = [...new Set(blocking.map(({ blockFor }) => blockFor))].sort((left, right) => left - right)
  const time = scans?.blockFor ?? times.at(-1) ?? usual * minute
  const minutes = Math.min(longest, Math.max(1, Math.ceil(time / minute)))
  if (times.some((each) => each !== time))
    unsaid.push(`KESL has one time for all blocks: ${minutes} minutes, and the policy has several`)
  if (minutes * minute !== time) unsaid.push(`KESL blocks for whole minutes from 1 to ${longest}: ${minutes}`)
  const isSayable = ({ address, length }: Prefix) => address.family === 4 || length <= 64 || length === 128
  for (const prefix of policy.neverBlock)
    if (!isSayable(prefix))
      unsaid.push(`KESL excludes IPv6 networks up to /64: ${printPrefix(prefix)} is left out`)
  const excluded = policy.neverBlock.filter(isSayable).map(printPrefix)
  if (policy.bypass.length > 0)
    unsaid.push("bypass is no setting of KESL's: iptables -t mangle -I kesl_bypass … says it there")
  return {
    settings: {
      ActionOnDetect: isQuiet ? "Notify" : "Block",
      BlockAttackingHosts: blocking.length > 0 ? "Yes" : "No",
      BlockDurationMinutes: minutes,
      UseExcludeIPs: excluded.length > 0 ? "Yes" : "No",
      ExcludeIPs: excluded,
    },
    unsaid,
  }
}

/** As `kesl-control --get-settings 17` prints them. */
export function keslIni({ settings }: KeslSettings): string {
  const { ExcludeIPs, ...others } = settings
  const lines = [
    ...Object.entries(others).map(([name, value]) => `${name}=${value}`),
    ...ExcludeIPs.map((network, index) => `ExcludeIPs.${itemName(index)}=${network}`),
  ]
  return `${lines.join("\n")}\n`
}

/** The same with `--json`. */
export function keslJson({ settings }: KeslSettings): string {
  return `${JSON.stringify(settings, null, 2)}\n`
}

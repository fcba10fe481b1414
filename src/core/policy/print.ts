import { printDuration } from "../base/duration.js"
import { printPrefix } from "../base/prefix.js"
import type { Origin } from "../ruleset/origin.js"
import { blockLines } from "./blocks.js"
import { Kinds } from "./kinds.js"
import { printLimit } from "./limit.js"
import { printOpening } from "./opening.js"
import { printPer } from "./per.js"
import { printPhrase } from "./phrase.js"
import type { DetectorSetting, Exception, Policy, Protection, Zone } from "./policy.js"
import { printPort } from "./port-list.js"
import type { ProtectionKind } from "./protection.js"
import { defaultBlockFor } from "./protection-value.js"
import { protectionKinds } from "./protections/index.js"

/**
 * The policy as it is in force: includes merged, presets and defaults written out, each value with the file and line that it comes from.
 * Loading what is printed gives the same policy. List files are named by the path that they were read from.
 */
export function printPolicy(policy: Policy, kinds: readonly ProtectionKind[] = protectionKinds): string {
  const known = new Kinds(kinds)
  const lines = ["version: 1", "interfaces:"]
  for (const zone of policy.zones) {
    lines.push(`  ${zone.name}: ${flowList(zone.interfaces)}${comment(zone.origin)}`)
  }
  if (policy.addresses?.length) lines.push("addresses:")
  for (const { name, written, origin } of policy.addresses ?? []) {
    lines.push(`  ${name}: ${flowList(written)}${comment(origin)}`)
  }
  if (policy.neverBlock.length > 0) {
    lines.push("never-block:", ...policy.neverBlock.map((prefix) => `  - ${yamlWord(printPrefix(prefix))}`))
  }
  if (policy.forgedSources) lines.push(`forged-sources: ${policy.forgedSources}`)
  lines.push(...blockLines(policy.repeaters, policy.neighbours))
  lines.push("protect:", ...policy.zones.flatMap((zone) => zoneLines(zone, known)))
  if (policy.detect.length > 0) lines.push("detect:")
  for (const detector of policy.detect) {
    const { ports = [], per, limit } = detector
    const setting = [
      ...(ports.length > 0 ? [`ports: ${flowList(ports.map(printPort))}`] : []),
      ...(limit && per && printPer(per) !== "source" ? [`per: ${printPer(per)}`] : []),
      ...commonLines(detector, defaultBlockFor),
    ]
    lines.push(...indent(entryLines(detector.name, setting, detector.origin), 2))
  }
  if (policy.bypass.length > 0) lines.push("bypass:")
  for (const { phrase, origin } of policy.bypass) {
    lines.push(`  - ${JSON.stringify(printPhrase(phrase))}${comment(origin)}`)
  }
  return `${lines.join("\n")}\n`
}

function zoneLines({ name, incoming, outgoing }: Zone, kinds: Kinds): string[] {
  if (incoming.length === 0 && outgoing.length === 0) return [`  ${name}: {}`]
  const lines = [`  ${name}:`, ...indent(protectionLines(incoming, kinds), 4)]
  if (outgoing.length > 0) lines.push("    outgoing:", ...indent(protectionLines(outgoing, kinds), 6))
  return lines
}

function protectionLines(protections: readonly Protection[], kinds: Kinds): string[] {
  const lines: string[] = []
  const done = new Set<string>()
  for (const protection of protections) {
    const { name, origin } = protection
    if (done.has(name)) continue
    done.add(name)
    const kind = kinds.find(name)
    const usual = kind?.defaults.blockFor ?? defaultBlockFor
    const all = protections.filter((other) => other.name === name)
    if (kind?.value === "setting-and-per-port" && all.length > 1) {
      const general = all.find(({ ports }) => ports.length === 0)
      const ofPorts = all.filter((each) => each !== general)
      const inside = [...(general ? settingLines(general, usual) : []), ...perPortLines(ofPorts, usual)]
      lines.push(`${name}:`, ...indent(inside, 2))
      continue
    }
    if (kind?.value !== "setting-per-port") {
      const ports = kind?.value === "ports" || kind?.value === "openings" ? portLines(protection) : []
      const rest = ports.length > 0 ? { ...protection, ports: [] } : protection
      lines.push(...entryLines(name, [...ports, ...settingLines(rest, usual)], origin))
      continue
    }
    lines.push(`${name}:`, ...indent(perPortLines(all, usual), 2))
  }
  return lines
}

/** On one line, or where some are open in part, an item a line with its place. */
function portLines({ ports, openings = [] }: Protection): string[] {
  if (openings.length === 0) return [`ports: ${flowList(ports.map(printPort))}`]
  const items = openings.map((each) => `  - ${printOpening(each, yamlWord)}${comment(each.origin)}`)
  return ["ports:", ...ports.map((port) => `  - ${yamlWord(printPort(port))}`), ...items]
}

function perPortLines(protections: readonly Protection[], usualBlockFor: number): string[] {
  return protections.flatMap((each) => {
    const ports = each.ports.map(printPort).join(",")
    return entryLines(yamlWord(ports), settingLines({ ...each, ports: [] }, usualBlockFor), each.origin)
  })
}

/** An action alone stands behind the name. */
function entryLines(name: string, setting: readonly string[], origin: Origin): string[] {
  const action = setting.length === 1 ? /^action: (.*)$/.exec(setting[0]!)?.[1] : undefined
  if (action) return [`${name}: ${action}${comment(origin)}`]
  return [`${name}:${comment(origin)}`, ...indent(setting, 2)]
}

function settingLines(protection: Protection, usualBlockFor: number): string[] {
  const { ports, written, per, limit, options } = protection
  return [
    ...(written ? [`addresses: ${flowList(written)}`] : []),
    ...(ports.length > 0 ? [`ports: ${flowList(ports.map(printPort))}`] : []),
    ...(limit && printPer(per) !== "source" ? [`per: ${printPer(per)}`] : []),
    ...Object.entries(options).map(([key, value]) => `${key}: ${yamlWord(String(value))}`),
    ...commonLines(protection, usualBlockFor),
  ]
}

/** How long is told where it matters, or where it is not what would be filled in. */
function commonLines(
  { limit, exceptions, action, blockFor }: Protection | DetectorSetting,
  usualBlockFor: number,
): string[] {
  return [
    ...(limit ? [`limit: ${printLimit(limit)}`] : []),
    ...(exceptions.length > 0 ? ["for:", ...exceptions.map(exceptionLine)] : []),
    `action: ${action}`,
    ...(action === "block" || blockFor !== usualBlockFor ? [`block-for: ${printDuration(blockFor)}`] : []),
  ]
}

function exceptionLine({ written, hosts, limit, origin }: Exception): string {
  const who = written ?? hosts.map(printPrefix).join(",")
  return `  ${yamlWord(who)}: ${limit === "off" ? "off" : printLimit(limit)}${comment(origin)}`
}

function comment({ span, text }: Origin): string {
  const preset = text.startsWith("preset: ") ? ` (${text})` : ""
  return `  # ${span.file.replace(/\s/g, " ")}:${span.line}${preset}`
}

function flowList(words: readonly string[]): string {
  return `[${words.map(yamlWord).join(", ")}]`
}

/** Quoted unless it is certainly text to every YAML. */
function yamlWord(text: string): string {
  const isPlain = /^[a-z0-9/][a-z0-9/._ -]*[a-z0-9/*]$|^[a-z0-9]$/i.test(text)
  return isPlain && !/^null$/i.test(text) ? text : JSON.stringify(text)
}

function indent(lines: readonly string[], spaces: number): string[] {
  return lines.map((line) => " ".repeat(spaces) + line)
}

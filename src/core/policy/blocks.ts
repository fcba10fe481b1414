import { isProblem } from "../base/diagnostic.js"
import { printDuration } from "../base/duration.js"
import { didYouMean } from "../base/nearest.js"
import type { Neighbours, Repeaters, RepeaterTimes } from "./policy.js"
import type { Report } from "./report.js"
import { readDuration, scalarOf } from "./setting.js"
import { describe, type Node } from "./tree.js"

const week = 7 * 86_400e9

/** What `repeaters` is where a policy does not say it: twice as long each time, a week at most, and after a quiet week from the beginning. */
export const repeaterWords: RepeaterTimes = { longest: week, forgetAfter: week }

/** What `neighbours` is where a policy does not say it. */
export const neighbourWords = 8

/** A network of 256 hosts can have no more offenders, and one is no neighbour. */
const offendersAtLeast = 2
const offendersAtMost = 256

const repeaterKeys = ["longest", "forget-after"] as const

/** `repeaters: { longest: 7d, forget-after: 7d }`, or off. Undefined where nothing is said, or something wrong that was reported. */
export function readRepeaters(node: Node | undefined, report: Report): Repeaters | undefined {
  if (node === undefined) return undefined
  const expected = "off, or a map: { longest: 7d, forget-after: 7d }"
  if (node.kind !== "map") {
    const text = scalarOf(node, "repeaters", expected, report)
    if (text === "off") return "off"
    if (text !== undefined)
      report.error("wrong-kind", node.span, `repeaters takes ${expected}, not ${describe(node)}`, {})
    return undefined
  }
  const read: { longest: number; forgetAfter: number } = { ...repeaterWords }
  for (const { key, value } of node.entries) {
    if (key.text !== "longest" && key.text !== "forget-after") {
      report.error("unknown-key", key.span, `"${key.text}" is not a key of repeaters`, {
        hint: didYouMean(key.text, repeaterKeys) ?? `its keys are ${repeaterKeys.join(", ")}`,
      })
      continue
    }
    const text = scalarOf(value, key.text, "a duration: 7d", report)
    if (text === undefined) continue
    const duration = readDuration(text)
    if (isProblem(duration)) report.problem(duration, value.span)
    else if (key.text === "longest") read.longest = duration
    else read.forgetAfter = duration
  }
  return read
}

/** `neighbours: 8`, or off. Undefined as above. */
export function readNeighbours(node: Node | undefined, report: Report): Neighbours | undefined {
  if (node === undefined) return undefined
  const expected = `off, or how many offenders become one network: ${offendersAtLeast} to ${offendersAtMost}`
  const text = scalarOf(node, "neighbours", expected, report)
  if (text === undefined) return undefined
  if (text === "off") return "off"
  const count = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0
  if (count >= offendersAtLeast && count <= offendersAtMost) return count
  return report.error("not-an-option", node.span, `neighbours takes ${expected}, not ${describe(node)}`, {})
}

/** As they stand at the left margin; nothing where nothing was said. */
export function blockLines(repeaters: Repeaters | undefined, neighbours: Neighbours | undefined): string[] {
  const lines: string[] = []
  if (repeaters === "off") lines.push("repeaters: off")
  else if (repeaters !== undefined) {
    const { longest, forgetAfter } = repeaters
    lines.push(
      `repeaters: { longest: ${printDuration(longest)}, forget-after: ${printDuration(forgetAfter)} }`,
    )
  }
  if (neighbours !== undefined) lines.push(`neighbours: ${neighbours}`)
  return lines
}

import { didYouMean } from "../../../base/nearest.js"
import type { StepNode } from "../../../ruleset/node.js"
import type { Context } from "./context.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf, numberOf, stringOf, wordOf } from "./tree.js"
import { quotedWord } from "./values.js"

const logLevels = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit"]

const logFlags = ["tcp sequence", "tcp options", "ip options", "skuid", "ether"]

export function elaborateLog(value: Syntax, context: Context): StepNode | undefined {
  const number = (name: string): number | undefined => {
    const found = entry(value, name)
    const read = numberOf(found)
    if (found && read === undefined) context.report("nft-bad-value", `${name} is a number`, found)
    return read
  }
  const group = number("group")
  const snapshotLength = number("snaplen")
  const queueThreshold = number("queue-threshold")
  const written = entry(value, "level")
  const level = stringOf(written)
  if (written && !logLevels.includes(level ?? ""))
    context.report(
      "nft-bad-value",
      `${quotedWord(written)} is no level of the log`,
      written,
      didYouMean(level ?? "", logLevels),
    )
  if (written && level === "warn" && group !== undefined)
    context.report("nft-not-here", "level and flags are of the kernel's own log, not of a group's", written)
  const flags = listOf(entry(value, "flags")).flatMap((flag) => {
    const word = stringOf(flag) ?? ""
    if (word === "all") return logFlags
    if (logFlags.includes(word)) return [word]
    context.report("nft-bad-value", `${quotedWord(flag)} is nothing that nft logs`, flag)
    return []
  })
  return {
    step: "log",
    prefix: wordOf(entry(value, "prefix")) ?? "",
    ...(group !== undefined && { group }),
    ...(snapshotLength !== undefined && snapshotLength > 0 && { snapshotLength }),
    ...(queueThreshold !== undefined && { queueThreshold }),
    ...(level !== undefined && level !== "warn" && { level }),
    ...(flags.length > 0 && { flags: logFlags.filter((flag) => flags.includes(flag)) }),
  }
}

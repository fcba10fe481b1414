import { didYouMean } from "../../core/base/nearest.js"
import { protectionKinds } from "../../core/policy/protections/index.js"
import type { Io } from "./output.js"
import { formatTable, wrap } from "./text.js"

/** What `floodwall help` knows besides commands: `protections`, and each protection by its name or an accepted spelling. */
export function topicHelp(word: string, io: Io): string | undefined {
  if (word === "protections") return listProtections(io)
  const name = word.toLowerCase()
  const kind = protectionKinds.find((each) => each.name === name || each.aliases.includes(name))
  if (!kind) return undefined
  const { manual, aliases } = kind
  const width = Math.min(io.columns, 100)
  const { bold } = io.style
  const sections = [
    `${bold(kind.name)}: ${manual.title}`,
    wrap(manual.text, width),
    `${bold("Honest traffic that it can harm")}\n${wrap(manual.harms, width, "  ")}`,
    `${bold("In a policy")}\n${indent(`protect:\n  wan:\n${indent(manual.example.trimEnd(), 4)}`, 2)}`,
  ]
  if (aliases.length > 0) sections.push(`${bold("Also written")}\n${wrap(aliases.join(", "), width, "  ")}`)
  if (manual.ancestors) sections.push(`${bold("Elsewhere")}\n${wrap(manual.ancestors, width, "  ")}`)
  return sections.join("\n\n")
}

export function nearestTopic(word: string, commands: readonly string[]): string | undefined {
  return didYouMean(word, [...commands, "protections", ...protectionKinds.map((kind) => kind.name)])
}

function listProtections(io: Io): string {
  const { bold, name } = io.style
  const rows = protectionKinds.map((kind) => [`  ${name(kind.name)}`, kind.manual.title])
  const table = formatTable([{ title: "" }, { title: "" }], rows)
  return `${bold("Protections")}\n${table}\n\nfloodwall help PROTECTION tells what it does, whom it can harm, and how it is written.`
}

function indent(text: string, spaces: number): string {
  return text.replace(/^(?=.)/gm, " ".repeat(spaces))
}

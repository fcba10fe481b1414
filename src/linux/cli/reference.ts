import { diagnosticIds } from "../../core/base/diagnostic-ids.js"
import { presets } from "../../core/policy/presets.js"
import type { ProtectionKind } from "../../core/policy/protection.js"
import { protectionKinds } from "../../core/policy/protections/index.js"
import { policyJsonSchema } from "../../core/policy/schema.js"
import type { ManualEntry } from "../../core/ruleset/kind.js"
import { expressionKinds, stepKinds } from "../../core/ruleset/kinds.js"
import { commandGroups } from "./commands.js"
import { commandHelp, overview } from "./help.js"
import { makeIo } from "./output.js"

/** The files that are made from the code: path from the project's root, and text. `npm run docs` writes them, a test compares them. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["docs/reference/commands.md", await commandsPage()],
    ["docs/reference/protections.md", protectionsPage()],
    ["docs/reference/rules.md", rulesPage()],
    ["docs/reference/diagnostics.md", diagnosticsPage()],
    ["schema/policy.schema.json", `${JSON.stringify(policyJsonSchema(), null, 2)}\n`],
  ])
}

const generated = "<!-- Made from the code by `npm run docs`. -->"

async function commandsPage(): Promise<string> {
  const discard = { write() {}, flush() {} }
  const io = makeIo({
    output: discard,
    error: discard,
    terminal: { input: false, output: false, error: false },
    columns: 100,
    environment: { NO_COLOR: "1" },
    clock: () => 0,
  })
  const sections: string[] = []
  for (const entry of commandGroups.flatMap((group) => group.commands)) {
    const { command } = await entry.load()
    sections.push(`## ${entry.name}\n\n${fenced(commandHelp(entry, command, io))}`)
  }
  return page("Commands", [fenced(overview(commandGroups, io)), ...sections])
}

function protectionsPage(): string {
  const presetRows = presets.map(({ name, title }) => `| \`${name}\` | ${title} |`)
  const rows = protectionKinds.map(({ name, manual }) => `| [${name}](#${name}) | ${manual.title} |`)
  return page("Protections", [
    `## Presets\n\n| preset | what it is |\n|---|---|\n${presetRows.join("\n")}`,
    `## All protections\n\n| protection | what it does |\n|---|---|\n${rows.join("\n")}`,
    ...protectionKinds.map(protectionSection),
  ])
}

function protectionSection(kind: ProtectionKind): string {
  const { name, aliases, manual } = kind
  const parts = [
    `## ${name}\n\n${manual.title}`,
    manual.text,
    `**Honest traffic that it can harm.** ${manual.harms}`,
    fenced(`protect:\n  wan:\n${manual.example.trimEnd().replace(/^(?=.)/gm, "    ")}`, "yaml"),
  ]
  if (aliases.length > 0) parts.push(`Also written ${aliases.map((alias) => `\`${alias}\``).join(", ")}.`)
  if (manual.ancestors) parts.push(`Elsewhere: ${manual.ancestors}`)
  return parts.join("\n\n")
}

function rulesPage(): string {
  const table = (kinds: Readonly<Record<string, { readonly manual: ManualEntry }>>): string =>
    [
      "| kind | what it is | nft |\n|---|---|---|",
      ...Object.values(kinds).map(
        ({ manual }) => `| ${manual.title} | ${cell(manual.text)} | \`${cell(manual.example)}\` |`,
      ),
    ].join("\n")
  return page("What rules are made of", [
    "What a ruleset can say today, each kind with its nft text. A kind answers for itself: how it is written and what it does in the engine.",
    `## Expressions\n\n${table(expressionKinds)}`,
    `## Matches and actions\n\n${table(stepKinds)}`,
  ])
}

function diagnosticsPage(): string {
  const rows = Object.entries(diagnosticIds).map(([id, text]) => `| \`${id}\` | ${cell(text)} |`)
  return page("Diagnostics", [`| id | what it means |\n|---|---|\n${rows.join("\n")}`])
}

function page(title: string, sections: readonly string[]): string {
  return `${[`# ${title}`, generated, ...sections].join("\n\n")}\n`
}

function fenced(text: string, language = "text"): string {
  return `\`\`\`${language}\n${text}\n\`\`\``
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ")
}

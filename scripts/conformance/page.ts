import { percent, type Score, scoreTable } from "./score.js"

/** When, where and how the sections were made. */
export interface About {
  readonly date: string
  readonly kernel: string
  readonly command: string
}

const opening = `# Conformance

How Floodwall compares with the kernel and with the programs that it speaks of. This page is written by the command that measures, section by section:

\`\`\`
npm run conformance                  # random rules × random traffic, engine against kernel (root, or user namespaces)
npm run conformance -- CORPUS        # and what a folder of captures, rules and labels says
\`\`\`

The folder is not part of this project; what it holds is said with each table. \`--only NAME\` measures one section, \`--list NAME WORD\` prints its differences that begin with the word.
What is known to differ stands in [model-gaps.md](model-gaps.md), each with the test that pins it.
`

/** The page with the sections that were measured; those that were not stay as they are in `before`. `order`: names of all sections. */
export function writePage(
  before: string,
  scores: readonly Score[],
  order: readonly string[],
  about: About,
): string {
  const sections = new Map(sectionsOf(before))
  for (const score of scores) sections.set(score.name, section(score, about))
  const known = order.flatMap((name) => sections.get(name) ?? [])
  return `${opening}\n${known.join("\n")}`
}

/** Sections whose numbers are of packets. */
const packetSections = new Set(["random", "conntrack", "decoder"])

function section(score: Score, { date, kernel, command }: About): string {
  const body = [
    `## ${score.title}`,
    score.text,
    scoreTable(score.rows, packetSections.has(score.name) ? "packets" : "compared"),
    ...(score.notes === undefined ? [] : [score.notes]),
    `*${command}, ${date}, Linux ${kernel}*`,
  ].join("\n\n")
  return `${begin(score.name)}\n${body}\n${END}\n`
}

const begin = (name: string) => `<!-- ${name} -->`
const END = "<!-- end -->"

function sectionsOf(page: string): readonly (readonly [name: string, text: string])[] {
  return [...page.matchAll(/^<!-- ([\w-]+) -->\n[\s\S]*?\n<!-- end -->\n/gm)].map((match) => [
    match[1]!,
    match[0],
  ])
}

/** For a terminal. */
export function printScore({ title, rows }: Score): string {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const lines = rows.map(
    (row) =>
      `  ${row.name.padEnd(width)}  ${percent(row).padStart(9)}  ${row.agreed} of ${row.compared}${row.note ? `  ${row.note}` : ""}`,
  )
  return `${title}\n${lines.join("\n")}\n`
}

/** What a comparison came to: a section of docs/conformance.md. */
export interface Score {
  /** One word, by which `--only` asks for it and its section is found. */
  readonly name: string
  readonly title: string
  /** What is compared with what, before the table. Markdown. */
  readonly text: string
  readonly rows: readonly ScoreRow[]
  /** What the differences are, behind the table. Markdown. */
  readonly notes?: string
  /** Every difference, a line each, its first word a row's name or a class: `--list` prints them. */
  readonly differences: readonly string[]
}

export interface ScoreRow {
  readonly name: string
  readonly agreed: number
  readonly compared: number
  /** More about the row, in the table's last column. */
  readonly note?: string
}

export function percent({ agreed, compared }: Pick<ScoreRow, "agreed" | "compared">): string {
  if (compared === 0) return "–"
  // Never rounded up to all.
  const share = Math.floor((1e6 * agreed) / compared) / 1e4
  return `${share.toFixed(share > 99.9 && share < 100 ? 3 : 2)} %`
}

/** The section's table: names, shares, counts. */
export function scoreTable(rows: readonly ScoreRow[], numbersOf: string): string {
  const hasNotes = rows.some(({ note }) => note !== undefined)
  const line = (cells: readonly string[]) => `| ${(hasNotes ? cells : cells.slice(0, 3)).join(" | ")} |`
  return [
    line(["", "agreement", numbersOf, ""]),
    line(["---", "---", "---", "---"]),
    ...rows.map((row) => line([row.name, percent(row), `${row.agreed} of ${row.compared}`, row.note ?? ""])),
  ].join("\n")
}

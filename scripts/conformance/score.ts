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
  // Cut, not rounded: nearly all is never all.
  const digits = 1000 * agreed >= 999 * compared && agreed < compared ? 3 : 2
  const scale = 10 ** digits
  return `${(Math.floor((100 * scale * agreed) / compared) / scale).toFixed(digits)} %`
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

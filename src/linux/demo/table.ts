import type { Style } from "../cli/style.js"
import { formatCount, formatTable } from "../cli/text.js"
import type { Row, Tally } from "./tally.js"

/** The table, both families of a kind in one row where they fared alike. */
export function drawTable({ rows, other }: Tally, style: Style, withKernel: boolean): string {
  const columns = [
    { title: "" },
    { title: "IP" },
    { title: "sent", align: "right" as const },
    { title: "let through", align: "right" as const },
    { title: "dropped", align: "right" as const },
    { title: "by" },
    { title: withKernel ? "engine says" : "" },
  ]
  const part = (purpose: Row["purpose"]) =>
    merged(rows.filter((row) => row.purpose === purpose)).map((row) => cells(row, style, withKernel))
  const blank = columns.map(() => "")
  const heading = (text: string) => [style.bold(text), ...blank.slice(1)]
  const body = [heading("Honest traffic"), ...part("honest"), blank, heading("Attacks"), ...part("attack")]
  const lines = [formatTable(columns, body)]
  if (withKernel && other.packets > 0) {
    const differing = other.differ > 0 ? style.bad(`${other.differ} differ`) : "the same"
    lines.push(
      style.faint(`  and ${formatCount(other.packets)} packets that the hosts sent of their own accord: `) +
        differing,
    )
  }
  return lines.join("\n")
}

interface MergedRow extends Omit<Row, "family"> {
  readonly families: string
}

/** Rows of the same kind become one, unless one of them has something to tell. */
function merged(rows: readonly Row[]): MergedRow[] {
  const kinds = [...new Set(rows.map(({ kind }) => kind))]
  return kinds.flatMap((kind) => {
    const same = rows.filter((row) => row.kind === kind).sort((one, other) => one.family - other.family)
    if (same.length < 2 || same.some(({ trouble }) => trouble !== ""))
      return same.map((row): MergedRow => ({ ...row, families: String(row.family) }))
    const [first, second] = same as [Row, Row]
    const by = { ...first.by }
    for (const [name, count] of Object.entries(second.by)) by[name] = (by[name] ?? 0) + count
    return [
      {
        ...first,
        families: "4+6",
        sent: first.sent + second.sent,
        through: first.through + second.through,
        dropped: first.dropped + second.dropped,
        compared: first.compared + second.compared,
        differ: first.differ + second.differ,
        by,
      },
    ]
  })
}

function cells(row: MergedRow, style: Style, withKernel: boolean): string[] {
  const isWell = row.trouble === ""
  const expected = row.purpose === "honest" ? style.good : style.warn
  const engine =
    row.compared === 0
      ? style.faint("no rule is asked")
      : row.differ === 0
        ? style.good("the same")
        : style.bad(`${row.differ} differ`)
  const by = Object.entries(row.by)
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) =>
      row.dropped === count ? style.name(name) : `${style.name(name)} ${formatCount(count)}`,
    )
    .join(", ")
  return [
    `  ${row.kind}`,
    row.families,
    formatCount(row.sent),
    isWell && row.through > 0 ? expected(formatCount(row.through)) : formatCount(row.through),
    formatCount(row.dropped),
    isWell ? by : `${by}${by ? " " : ""}${style.bad(`✗ ${row.trouble}`)}`,
    withKernel ? engine : "",
  ]
}

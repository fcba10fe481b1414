/** Text for people: numbers, columns, paragraphs. */

/** `1234567` as `1,234,567`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ",")
}

/** `1 packet`, `2,000 packets`. */
export function plural(count: number, singular: string, several = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : several}`
}

/** What was found besides errors, for behind a sentence: `, with 2 warnings and 1 lint`, or nothing. */
export function foundText(found: readonly { readonly severity: string }[]): string {
  const told = ["warning", "lint"]
    .map((severity) => [found.filter((each) => each.severity === severity).length, severity] as const)
    .filter(([number]) => number > 0)
    .map(([number, severity]) => plural(number, severity))
  return told.length === 0 ? "" : `, with ${told.join(" and ")}`
}

/** Seconds as people say them: `4 s`, `2 min 05 s`, `1 h 02 min`, `3 d 4 h`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds)
  const two = (value: number) => String(value).padStart(2, "0")
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`
}

/** A share of a whole as `87 %`; `<1 %` and `>99 %` where rounding would lie. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return "0 %"
  const percent = (part / whole) * 100
  if (part > 0 && percent < 1) return "<1 %"
  if (part < whole && percent > 99) return ">99 %"
  return `${Math.round(percent)} %`
}

/** Columns that a terminal gives the text: escape sequences and combining marks none, CJK and emoji two. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of text.replace(ESCAPES, "")) {
    const point = character.codePointAt(0) ?? 0
    if (point < 0x20 || (point >= 0x7f && point < 0xa0) || COMBINING.test(character)) continue
    width += isWide(point) ? 2 : 1
  }
  return width
}

export type Alignment = "left" | "right"

export interface Column {
  readonly title: string
  /** Numbers stand right. */
  readonly align?: Alignment
}

/**
 * Rows below their titles, two spaces between columns, nothing trailing. Cells may hold colours. No title at all: no heading line. Where a line is wider
 * than `lineWidth`, its last cell goes on below itself.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  lineWidth = Number.POSITIVE_INFINITY,
): string {
  const heading = columns.some((column) => column.title !== "") ? [columns.map((column) => column.title)] : []
  const lines = [...heading, ...rows]
  const widths = columns.map((_, index) =>
    Math.max(0, ...lines.map((line) => displayWidth(line[index] ?? ""))),
  )
  const lastStart = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0)
  const indent = " ".repeat(lineWidth - lastStart >= LEAST_CELL ? lastStart : 8)
  return lines
    .map((line) =>
      columns
        .map((column, index) => {
          const cell = line[index] ?? ""
          const space = " ".repeat((widths[index] ?? 0) - displayWidth(cell))
          return column.align === "right" ? space + cell : cell + space
        })
        .join("  ")
        .trimEnd(),
    )
    .map((line) => hang(line, lineWidth, indent))
    .join("\n")
}

/** A last cell narrower than this goes on at the left instead. */
const LEAST_CELL = 24

/** Breaks a paragraph into lines of at most `width` columns, each behind `indent`. Line ends in the text are kept. */
export function wrap(text: string, width: number, indent = ""): string {
  return text
    .split("\n")
    .map((paragraph) => {
      const lines: string[] = []
      let line = ""
      for (const word of paragraph.split(" ")) {
        if (line !== "" && displayWidth(`${indent}${line} ${word}`) > width) {
          lines.push(line)
          line = word
        } else {
          line = line === "" ? word : `${line} ${word}`
        }
      }
      lines.push(line)
      return lines.map((each) => (each === "" ? "" : indent + each)).join("\n")
    })
    .join("\n")
}

/** One line broken at spaces where it is wider than `width`; its further lines stand behind `indent`. Infinity breaks nothing. */
export function hang(line: string, width: number, indent: string): string {
  if (displayWidth(line) <= width) return line
  const lead = /^ */.exec(line)![0]
  const lines: string[] = []
  let current = ""
  for (const word of line.slice(lead.length).split(" ")) {
    const start = lines.length === 0 ? lead : indent
    const next = current === "" ? start + word : `${current} ${word}`
    if (current !== "" && displayWidth(next) > width) {
      lines.push(current.trimEnd())
      current = indent + word
    } else current = next
  }
  return [...lines, current].join("\n")
}

function isWide(point: number): boolean {
  return WIDE.some(([from, to]) => point >= from && point <= to)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with a control character
const ESCAPES = /\u001b\[[0-9;]*[A-Za-z]/g
const COMBINING = /^(?:\p{Mn}|\p{Me}|\p{Cf})$/u
/** The large blocks of Unicode's East Asian Width W and F (UAX #11), and emoji. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
]

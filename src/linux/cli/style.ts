/** Colours by meaning. Each returns the text itself where colours are off. */
export interface Style {
  readonly bold: Paint
  readonly faint: Paint
  /** Let through, kept, fine. */
  readonly good: Paint
  /** Dropped, refused, wrong. */
  readonly bad: Paint
  /** Counted, changed, worth a look. */
  readonly warn: Paint
  /** Names of rules, files, commands. */
  readonly name: Paint
}

export type Paint = (text: string) => string

const same: Paint = (text) => text

export const plain: Style = { bold: same, faint: same, good: same, bad: same, warn: same, name: same }

const colours: Style = {
  bold: paint(1, 22),
  faint: paint(2, 22),
  good: paint(32, 39),
  bad: paint(31, 39),
  warn: paint(33, 39),
  name: paint(36, 39),
}

/** Colours only on a terminal that can, and never where NO_COLOR is set (no-color.org: present and not empty). */
export function styleFor(
  terminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): Style {
  return terminal && !environment["NO_COLOR"] && environment["TERM"] !== "dumb" ? colours : plain
}

function paint(on: number, off: number): Paint {
  return (text) => (text === "" ? "" : `\u001b[${on}m${text}\u001b[${off}m`)
}

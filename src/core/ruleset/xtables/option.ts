/** A parsed value: numbers, texts, words of an address, or lists and pairs of them, as the option's `ValueSpec` makes it. Plain data. */
export type XtValue =
  | number
  | string
  | boolean
  | null
  | readonly XtValue[]
  | { readonly [key: string]: XtValue }

export interface XtOption {
  /** Without dashes, under its first name. */
  readonly name: string
  readonly negated?: true
  readonly value?: XtValue
  /** Nobody wrote it: iptables-save prints what the program took. */
  readonly unsaid?: true
}

export type XtOptions = readonly XtOption[]

export function optionOf(options: XtOptions, name: string): XtOption | undefined {
  return options.find((option) => option.name === name)
}

export function hasOption(options: XtOptions, name: string): boolean {
  return options.some((option) => option.name === name)
}

export function isNegated(options: XtOptions, name: string): boolean {
  return optionOf(options, name)?.negated === true
}

/** A number's value, or the fallback where the option is absent. */
export function numberOf(options: XtOptions, name: string, fallback: number): number {
  const value = optionOf(options, name)?.value
  return typeof value === "number" ? value : fallback
}

export function textOf(options: XtOptions, name: string, fallback: string): string {
  const value = optionOf(options, name)?.value
  return typeof value === "string" ? value : fallback
}

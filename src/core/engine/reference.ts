import type { Engine } from "./engine.js"

/** Which rule, or (index null) which chain's policy, gave a verdict. */
export interface RuleReference {
  readonly table: string
  readonly chain: string
  readonly index: number | null
  readonly origin: OriginReference | null
}

export interface OriginReference {
  readonly file: string
  readonly line: number
  readonly protection?: string
  readonly zone?: string
  readonly text: string
}

/** A rule by its place, or a chain's policy; null: no rule and no policy decided. */
export function ruleReference(engine: Engine, chain: number, rule: number): RuleReference | null {
  const compiled = engine.chains[chain]
  if (!compiled) return null
  const origin = compiled.rules[rule]?.rule.origin
  return {
    table: compiled.table.name,
    chain: compiled.chain.name,
    index: rule < 0 ? null : rule,
    origin: origin
      ? {
          file: origin.span.file,
          line: origin.span.line,
          ...(origin.protection !== undefined ? { protection: origin.protection } : {}),
          ...(origin.zone !== undefined ? { zone: origin.zone } : {}),
          text: origin.text,
        }
      : null,
  }
}

/** `2026-01-02T03:04:05.000000Z`, in microseconds, cut. */
export function printTime(seconds: number, nanoseconds: number): string {
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return "1970-01-01T00:00:00.000000Z"
  const micros = String(Math.floor(nanoseconds / 1000)).padStart(6, "0")
  return `${date.toISOString().slice(0, -5)}.${micros}Z`
}

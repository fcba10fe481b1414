import type { ImportDialect } from "./imported.js"
import { importKesl } from "./kesl/import.js"

export interface Dialect {
  /** For people: the product's name, and the word for it in a sentence. */
  readonly title: string
  readonly tool: string
  readonly read: ImportDialect
}

/** Whose configurations are read, by the word of the command line. */
export const dialects = {
  kesl: { title: "Kaspersky Endpoint Security for Linux", tool: "KESL", read: importKesl },
} as const satisfies Readonly<Record<string, Dialect>>

export type DialectName = keyof typeof dialects

export const dialectNames = Object.keys(dialects) as DialectName[]

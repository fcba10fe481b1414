import { importCsf } from "./csf/import.js"
import { importFirehol } from "./firehol/import.js"
import type { ImportDialect } from "./imported.js"
import { importIptables } from "./iptables/import.js"
import { importKesl } from "./kesl/import.js"
import { importKura } from "./kura/import.js"

export interface Dialect {
  /** For people: the product's name, and the word for it in a sentence. */
  readonly title: string
  readonly tool: string
  readonly read: ImportDialect
}

/** Whose configurations are read, by the word of the command line. */
export const dialects = {
  firehol: { title: "FireHOL", tool: "FireHOL", read: importFirehol },
  csf: { title: "ConfigServer Firewall", tool: "CSF", read: importCsf },
  kura: { title: "Eclipse Kura", tool: "Kura", read: importKura },
  kesl: { title: "Kaspersky Endpoint Security for Linux", tool: "KESL", read: importKesl },
  iptables: { title: "iptables", tool: "iptables", read: importIptables },
} as const satisfies Readonly<Record<string, Dialect>>

export type DialectName = keyof typeof dialects

export const dialectNames = Object.keys(dialects) as DialectName[]

import type { StepNode } from "./node.js"
import type { Origin } from "./origin.js"

/** Kinds of objects that a table holds by name, by nft's words. */
export type ObjectKind =
  | "counter"
  | "quota"
  | "limit"
  | "synproxy"
  | "secmark"
  | "tunnel"
  | "ct helper"
  | "ct timeout"
  | "ct expectation"

/** Something with a name that rules share. */
export type ObjectDeclaration = StatementObject | SettingsObject

/** A statement that all rules which name it do together: one count, one quota, one bucket. */
export interface StatementObject {
  readonly kind: "counter" | "quota" | "limit" | "synproxy"
  readonly name: string
  readonly statement: StepNode
  readonly comment?: string
  readonly origin?: Origin
}

/** Settings for connections and packets, by nft's words: `{ protocol: "tcp", type: "ftp" }`. */
export interface SettingsObject {
  readonly kind: "ct helper" | "ct timeout" | "ct expectation" | "secmark" | "tunnel"
  readonly name: string
  readonly settings: Readonly<Record<string, string>>
  readonly comment?: string
  readonly origin?: Origin
}

/** Connections that the kernel forwards past the rules. */
export interface FlowtableDeclaration {
  readonly name: string
  readonly priority: number
  readonly devices: readonly string[]
  readonly offload?: boolean
  readonly counter?: boolean
  readonly origin?: Origin
}

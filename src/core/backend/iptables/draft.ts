import type { VerdictNode } from "../../ruleset/node.js"
import type { Extension } from "../../ruleset/xtables/extension.js"
import type { XtAddress, XtHeaderNode, XtName } from "../../ruleset/xtables/node.js"
import type { XtOption, XtOptions } from "../../ruleset/xtables/option.js"
import type { Word } from "./words.js"

/** A match or target, as far as it is read. */
export interface ExtensionDraft {
  readonly role: Extension["role"]
  readonly name: string
  readonly word: Word
  /** Absent: nobody knows the name. */
  readonly extension: Extension | undefined
  readonly options: { readonly option: XtOption; readonly word: Word }[]
  /** What stood behind a name that nobody knows. */
  readonly words: string[]
  /** Its options in their one form, once somebody has asked for them. */
  normal?: XtOptions
}

/** A rule, as far as it is read. Several sources or destinations make several rules. */
export interface RuleDraft {
  sources: readonly XtAddress[]
  destinations: readonly XtAddress[]
  input?: XtName & { readonly word: Word }
  output?: XtName & { readonly word: Word }
  protocol?: NonNullable<XtHeaderNode["protocol"]>
  fragment?: NonNullable<XtHeaderNode["fragment"]>
  readonly matches: ExtensionDraft[]
  /** What `-j` or `-g` named. */
  jump?: { readonly word: Word; readonly isGoto: boolean }
  target?: ExtensionDraft
  verdict?: VerdictNode
}

export type CommandKind =
  | "append"
  | "insert"
  | "delete"
  | "replace"
  | "flush"
  | "new-chain"
  | "delete-chain"
  | "rename-chain"
  | "policy"
  /** Changes nothing: lists, checks, sets counters to zero. */
  | "look"

export interface Command {
  readonly kind: CommandKind
  readonly word: Word
  readonly chain?: Word
  /** Of the rule, counted from 1. */
  readonly number?: number
  /** The policy, or a chain's new name. */
  readonly other?: Word
  readonly rule: RuleDraft
}

export function emptyRule(): RuleDraft {
  return { sources: [], destinations: [], matches: [] }
}

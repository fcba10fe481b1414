import { didYouMean } from "../base/nearest.js"
import type { ProtectionKind } from "./protection.js"

/** The kinds of protection that a policy may name, by name and by accepted spelling. */
export class Kinds {
  readonly all: readonly ProtectionKind[]
  private readonly byWord = new Map<string, ProtectionKind>()

  constructor(kinds: readonly ProtectionKind[]) {
    this.all = kinds
    for (const kind of kinds) for (const alias of kind.aliases) this.byWord.set(alias, kind)
    for (const kind of kinds) this.byWord.set(kind.name, kind)
  }

  /** Spellings are read in any case, as FireHOL does. */
  find(word: string): ProtectionKind | undefined {
    return this.byWord.get(word) ?? this.byWord.get(word.toLowerCase())
  }

  /** `did you mean "x"?`: the nearest name or spelling, given as the name. */
  nearest(word: string, more: readonly string[]): string | undefined {
    return didYouMean(word, [...this.all.map((kind) => kind.name), ...more, ...this.byWord.keys()])
  }
}

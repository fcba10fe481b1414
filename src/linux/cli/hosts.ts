import { isProblem } from "../../core/base/diagnostic.js"
import { type Prefix, parsePrefix, unmapped } from "../../core/base/prefix.js"
import type { Io } from "./output.js"

/** Addresses and networks as words, those of one argument separated by commas too; undefined: one is wrong, and was reported. */
export function readHosts(words: readonly string[], io: Io): readonly Prefix[] | undefined {
  const hosts: Prefix[] = []
  for (const word of words.flatMap((each) => each.split(",")).filter(Boolean)) {
    const prefix = parsePrefix(word)
    if (isProblem(prefix)) {
      io.wrong(prefix.id, prefix.message, prefix.hint)
      return undefined
    }
    hosts.push(unmapped(prefix))
  }
  return hosts
}

import type { Diagnostic } from "../base/diagnostic.js"
import { isName } from "./name.js"
import type { SetDeclaration } from "./ruleset.js"
import { dataTypes, isTextType, type TypeName, wordsOf } from "./type.js"
import type { Item, Literal } from "./value.js"

/** A set's declaration and its elements. */
export function checkSet(set: SetDeclaration): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  const report = (id: Diagnostic["id"], severity: Diagnostic["severity"], message: string, hint?: string) => {
    found.push({
      id,
      severity,
      message: `set ${set.name}: ${message}`,
      ...(hint && { hint }),
      ...(set.origin && { span: set.origin.span }),
    })
  }
  const has = (flag: SetDeclaration["flags"][number]) => set.flags.includes(flag)
  const elements = set.elements ?? []
  if (!isName(set.name)) report("bad-nft-name", "error", "nft does not take this name")
  if (has("dynamic") && set.size === undefined) {
    report(
      "dynamic-set-without-size",
      "error",
      "rules add to it, and it does not say how many elements it holds",
      "state its size, and what happens when it is full",
    )
  }
  if (has("dynamic") && has("interval"))
    report("interval-and-dynamic", "error", "rules cannot add to a set of intervals")
  if (
    !has("timeout") &&
    (set.timeout !== undefined || elements.some(({ timeout }) => timeout !== undefined))
  ) {
    report("timeout-not-declared", "error", "elements have a timeout, and the set lacks the flag")
  }
  if (has("timeout") && (set.statements ?? []).some(({ step }) => step === "ct-count")) {
    report("count-with-timeout", "error", "elements that count connections cannot have a timeout")
  }
  if (set.size !== undefined && elements.length > set.size) {
    report("set-too-small", "error", `${elements.length} elements are more than its size, ${set.size}`)
  }
  const misfit = elements.find(({ key }) => !fits(key, set.key))
  if (misfit)
    report(
      "value-does-not-fit",
      "error",
      `an element is not of the type ${set.key.join(" . ")}: ${JSON.stringify(misfit.key)}`,
    )
  if (!has("interval") && elements.some(({ key }) => isInterval(key))) {
    report(
      "interval-not-declared",
      "error",
      "an element is a network, a range or a wildcard, and the set lacks the flag interval",
    )
  }
  const wantsVerdict = set.data === "verdict"
  if (
    elements.some(
      ({ data }) =>
        (data === undefined) !== (set.data === undefined) ||
        (data !== undefined && "step" in data !== wantsVerdict),
    )
  ) {
    report(
      "value-does-not-fit",
      "error",
      set.data === undefined
        ? "an element of a set has a value"
        : "an element of a map lacks its value, or has one of another type",
    )
  }
  return found
}

/** Whether an item is a value of these types: as many words, none too large, no interface name where a number is meant. */
export function fits(item: Item, types: readonly TypeName[]): boolean {
  if ("parts" in item)
    return (
      item.parts.length === types.length && item.parts.every((part, index) => fits(part, [types[index]!]))
    )
  if ("others" in item) return true
  const [type] = types
  if (types.length !== 1 || !type) return false
  if ("value" in item) return isLiteralOf(item.value, type)
  if ("from" in item) return isLiteralOf(item.from, type) && isLiteralOf(item.to, type)
  return isLiteralOf(item.prefix, type) && item.length >= 0 && item.length <= dataTypes[type]
}

function isLiteralOf(literal: Literal, type: TypeName): boolean {
  // IFNAMSIZ of linux/if.h, its ending zero included.
  if (typeof literal === "string" && type === "string") return literal.length < 128
  if (typeof literal === "string")
    return (
      isTextType(type) &&
      literal.length > 0 &&
      literal.length < 16 &&
      !/["\s/]/.test(literal) &&
      literal !== "*"
    )
  if (type === "ifname" || literal.length !== wordsOf(type)) return false
  return literal.every((word, index) => {
    const bits = Math.min(32, dataTypes[type] - 32 * index)
    return Number.isInteger(word) && word >= 0 && word < 2 ** bits
  })
}

function isInterval(item: Item): boolean {
  if ("parts" in item) return item.parts.some(isInterval)
  if ("others" in item) return false
  return !("value" in item) || (typeof item.value === "string" && item.value.endsWith("*"))
}

import type { Extension, ValueSpec, XtOptions } from "../extension.js"
import { hasOption, isNegated, optionOf } from "../option.js"
import { badOptions, badValue } from "../problem.js"
import { addressWords, printWords } from "../value-address.js"
import { number } from "../value-number.js"
import { text } from "../value-text.js"
import { recentSettings, recentStep } from "./recent-step.js"

const deeds = ["set", "rcheck", "update", "remove"]

/** The value is the list of the mask's words. */
const mask: ValueSpec = {
  shape: "mask in the notation of addresses: 255.255.255.0",
  parse: (word, family) => {
    const words = addressWords(word, family)
    return "id" in words ? badValue(`"${word}" is not a mask of an IPv${family} address`) : words
  },
  print: (value) => printWords(value as readonly number[]),
}

/** Sources (or destinations) that were seen lately, in a table with a name. */
export const recent: Extension = {
  name: "recent",
  role: "match",
  families: [4, 6],
  options: [
    { name: "set", invertible: true, excludes: ["rcheck", "update", "remove"] },
    { name: "rcheck", invertible: true, excludes: ["update", "remove"] },
    { name: "update", invertible: true, excludes: ["remove"] },
    { name: "remove", invertible: true },
    { name: "seconds", value: number({ minimum: 1, maximum: 0xffffffff }) },
    { name: "reap", needs: ["seconds"] },
    { name: "hitcount", value: number({ minimum: 0, maximum: 65535 }) },
    { name: "rttl" },
    { name: "name", value: text({ minimum: 1, maximum: 199, bare: true }) },
    { name: "mask", value: mask },
    { name: "rsource", excludes: ["rdest"] },
    { name: "rdest" },
  ],
  normal: (options, family) => [
    ...options.filter(
      ({ name }) => name !== "name" && name !== "mask" && name !== "rsource" && name !== "rdest",
    ),
    optionOf(options, "name") ?? { name: "name", value: "DEFAULT" },
    optionOf(options, "mask") ?? {
      name: "mask",
      value: new Array<number>(family === 4 ? 1 : 4).fill(0xffffffff),
      unsaid: true,
    },
    { name: hasOption(options, "rdest") ? "rdest" : "rsource" },
  ],
  check: (options) => checkRecent(options),
  compile: (options, build, family) => recentStep(recentSettings(options), build, family),
  manual: {
    title: "iptables: recent",
    text: "Who was seen lately, how often, and how long ago.",
    example: "update @seen { ip saddr timeout 60s }",
  },
}

function checkRecent(options: XtOptions) {
  if (!deeds.some((deed) => hasOption(options, deed)))
    return badOptions("recent needs one of --set, --rcheck, --update and --remove")
  const counts = ["seconds", "hitcount", "rttl", "reap"].filter((name) => hasOption(options, name))
  if ((hasOption(options, "set") || hasOption(options, "remove")) && counts.length > 0)
    return badOptions(`--${counts[0]} goes with --rcheck and --update only`)
  const name = optionOf(options, "name")?.value
  if (typeof name === "string" && name.includes("/"))
    return badOptions("the name of a table becomes a file's name, and cannot have a slash")
  return isNegated(options, "name") ? badOptions("--name cannot be negated") : undefined
}

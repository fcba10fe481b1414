import type { Extension, ValueSpec } from "../extension.js"
import { hasOption } from "../option.js"
import { badOptions, badValue } from "../problem.js"
import { unknownMatch } from "../unknown-step.js"
import { numberIn } from "../value-number.js"

/** A number, a range, or `root`: names of users are this host's alone. The value is the pair of its ends. */
const ids: ValueSpec = {
  shape: "number, or range of numbers: 0-10",
  parse: (text) => {
    if (text === "root") return [0, 0]
    const [from, to = from, ...more] = text.split("-")
    const low = numberIn(from!, 0, 0xffffffff)
    const high = numberIn(to!, 0, 0xffffffff)
    if (typeof low !== "number" || typeof high !== "number" || more.length > 0)
      return badValue(
        `"${text}" is not a user's or group's number`,
        "names other than root are known to their host only",
      )
    return low <= high ? [low, high] : badValue(`the range ${text} runs backwards`)
  },
  print: (value) => {
    const [from, to] = value as readonly [number, number]
    return from === to ? `${from}` : `${from}-${to}`
  },
}

export const owner: Extension = {
  name: "owner",
  role: "match",
  families: [4, 6],
  hooks: ["OUTPUT", "POSTROUTING"],
  options: [
    { name: "socket-exists", invertible: true },
    { name: "uid-owner", value: ids, invertible: true },
    { name: "gid-owner", value: ids, invertible: true },
    { name: "suppl-groups", after: "gid-owner" },
  ],
  check: (options) => {
    if (options.length === 0) return badOptions("owner needs --uid-owner, --gid-owner or --socket-exists")
    return hasOption(options, "suppl-groups") && !hasOption(options, "gid-owner")
      ? badOptions("--suppl-groups needs --gid-owner")
      : undefined
  },
  toNft: (options) => {
    if (options.some(({ name }) => name === "socket-exists" || name === "suppl-groups"))
      return { unsupported: "nft asks for the owner's number, not for whether there is one" }
    return options
      .map(
        ({ name, value, negated }) =>
          `meta ${name === "uid-owner" ? "skuid" : "skgid"} ${negated ? "!= " : ""}${ids.print(value ?? [], 4)}`,
      )
      .join(" ")
  },
  ...unknownMatch,
  manual: {
    title: "iptables: owner",
    text: "The user or group whose process sends the packet.",
    example: "meta skuid 0",
  },
}

import { BREAK, CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { badOptions } from "../problem.js"
import { number } from "../value-number.js"

const byte = number({ maximum: 255 })

/** Time to live and hop limit are asked for alike. */
export function hopLimit(name: "ttl" | "hl", family: 4 | 6): Extension {
  const equal = `${name}-eq`
  const less = `${name}-lt`
  const more = `${name}-gt`
  return {
    name,
    role: "match",
    families: [family],
    options: [
      {
        name: equal,
        value: byte,
        invertible: true,
        excludes: [less, more],
        ...(name === "ttl" && { aliases: ["ttl"] }),
      },
      { name: less, value: byte, excludes: [more] },
      { name: more, value: byte },
    ],
    check: (options) =>
      options.length === 0 ? badOptions(`${name} needs --${equal}, --${less} or --${more}`) : undefined,
    toNft: ([option]) => {
      const operator =
        option?.name === less ? "lt " : option?.name === more ? "gt " : option?.negated ? "!= " : ""
      return `${family === 4 ? "ip ttl" : "ip6 hoplimit"} ${operator}${String(option?.value)}`
    },
    compile([option]) {
      const wanted = option?.value as number
      if (option?.name === less) return (packet) => (packet.ttl < wanted ? CONTINUE : BREAK)
      if (option?.name === more) return (packet) => (packet.ttl > wanted ? CONTINUE : BREAK)
      return option?.negated
        ? (packet) => (packet.ttl !== wanted ? CONTINUE : BREAK)
        : (packet) => (packet.ttl === wanted ? CONTINUE : BREAK)
    },
    manual: {
      title: `iptables: ${name}`,
      text: family === 4 ? "The time to live." : "The hop limit.",
      example: family === 4 ? "ip ttl 64" : "ip6 hoplimit 255",
    },
  }
}

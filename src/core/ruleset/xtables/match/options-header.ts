import type { Extension, ValueSpec } from "../extension.js"
import { badValue } from "../problem.js"
import { number, parseNumber } from "../value-number.js"
import { headerOptionsSettings, headerOptionsStep } from "./ipv6-headers-step.js"

/** `149:92,12,123:12`: types of options, and lengths where they are asked for. The value is a list of pairs; length -1: any. */
const typesAndLengths: ValueSpec = {
  shape: "up to 16 types of options with commas between, each with its length where that is asked for: 5:2,1",
  parse: (text) => {
    const parts = text.split(",")
    if (parts.length > 16) return badValue("at most 16 options")
    const pairs: (readonly [number, number])[] = []
    for (const part of parts) {
      const [type, length, ...more] = part.split(":").map(parseNumber)
      if (
        type === undefined ||
        type > 255 ||
        more.length > 0 ||
        (part.includes(":") && (length === undefined || length > 255))
      )
        return badValue(`"${part}" is not the type of an option, or a type and a length, each from 0 to 255`)
      pairs.push([type, length ?? -1])
    }
    return pairs
  },
  print: (value) =>
    (value as readonly (readonly [number, number])[])
      .map(([type, length]) => (length < 0 ? `${type}` : `${type}:${length}`))
      .join(","),
}

/** Hop-by-hop and destination options are asked for alike (ip6t_hbh, ip6t_dst). */
export function optionsHeader(name: "hbh" | "dst", title: string): Extension {
  return {
    name,
    role: "match",
    families: [6],
    options: [
      { name: `${name}-len`, value: number({ maximum: 0xffffffff }), invertible: true },
      { name: `${name}-opts`, value: typesAndLengths },
    ],
    compile: (options) => headerOptionsStep(headerOptionsSettings(options, name)),
    manual: {
      title: `ip6tables: ${name}`,
      text: `The ${title} of IPv6: its length and its options.`,
      example: `exthdr ${name} exists`,
    },
  }
}

import { buildPacket } from "../../packet/build.js"
import { decode } from "../../packet/decode.js"
import type { PacketDescription } from "../../packet/description.js"
import { Packet } from "../../packet/packet.js"
import { BREAK, type Build, CONTINUE, type Run, type Step } from "../runtime.js"
import type { Extension } from "./extension.js"
import type { XtOption } from "./option.js"

/** Helpers of the matches' tests: options as text, packets, what each says. */

/** The words behind `-m NAME` as options; words in double quotes may hold spaces. Throws where they are wrong. */
export function optionsOf(extension: Extension, text: string, family: 4 | 6 = 4): readonly XtOption[] {
  const words = [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)
  const options: XtOption[] = []
  for (let at = 0; at < words.length; ) {
    const negated = words[at] === "!"
    if (negated) at++
    const name = words[at++]!.slice(2)
    const spec = extension.options.find((each) => each.name === name || each.aliases?.includes(name))
    if (!spec) throw new Error(`no option ${name}`)
    const count = spec.value ? (spec.value.words ?? 1) : 0
    const value = spec.value?.parse(words.slice(at, at + count).join(" "), family)
    if (typeof value === "object" && value !== null && "message" in value)
      throw new Error(String(value.message))
    at += count
    options.push({
      name: spec.name,
      ...(negated && { negated: true as const }),
      ...(value !== undefined && { value }),
    })
  }
  return extension.normal ? extension.normal(options, family) : options
}

/** What rules share by name, as long as the same build is used. */
export function sharingBuild(): Build {
  const shared = new Map<string, unknown>()
  return {
    shared: <State>(kind: string, name: string, make: () => State): State => {
      const key = `${kind} ${name}`
      if (!shared.has(key)) shared.set(key, make())
      return shared.get(key) as State
    },
  } as unknown as Build
}

export function matchStep(
  extension: Extension,
  text: string,
  build = sharingBuild(),
  family: 4 | 6 = 4,
): Step {
  return extension.compile(optionsOf(extension, text, family), build, family)
}

export interface SentPacket extends PacketDescription {
  /** Milliseconds. */
  readonly at?: number
}

/** A character for each packet: `x` where all steps, in a row, match; `.` where one does not, `!` where the packet is dropped. */
export function outcomes(steps: readonly Step[], packets: readonly SentPacket[]): string {
  const packet = new Packet()
  return packets
    .map(({ at = 0, ...description }) => {
      const bytes = buildPacket({ source: "203.0.113.7", destination: "198.51.100.80", ...description })
      decode(packet, new DataView(bytes.buffer), 0, bytes.length, bytes.length, 1)
      const run = { now: at * 1e6, epoch: 0, mark: 0, connection: null } as unknown as Run
      for (const step of steps) {
        const outcome = step(packet, run)
        if (outcome !== CONTINUE) return outcome === BREAK ? "." : "!"
      }
      return "x"
    })
    .join("")
}

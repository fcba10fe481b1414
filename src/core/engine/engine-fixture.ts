import { buildPacket } from "../packet/build.js"
import { decode } from "../packet/decode.js"
import type { PacketDescription } from "../packet/description.js"
import { LINKTYPE_ETHERNET } from "../packet/link-type.js"
import { Packet } from "../packet/packet.js"
import { parseScript } from "../packet/script.js"
import type { StepNode } from "../ruleset/node.js"
import type { Chain, Rule, Ruleset, SetDeclaration } from "../ruleset/ruleset.js"
import { createEngine, type Engine, type EngineOptions, type Path } from "./engine.js"
import { ctStateName, verdictNames } from "./verdict.js"

/** Helpers of the engine's tests: rules in a line, packets as text, verdicts as text. */

export function rule(...steps: readonly StepNode[]): Rule {
  return {
    steps,
    origin: { span: { file: "test", line: 1, column: 1 }, text: steps.map((step) => step.step).join(" ") },
  }
}

export function chain(
  name: string,
  hook: NonNullable<Chain["base"]>["hook"] | null,
  priority: number,
  rules: readonly Rule[],
  policy: "accept" | "drop" = "accept",
): Chain {
  return hook === null
    ? { name, rules }
    : {
        name,
        base: {
          type: "filter",
          hook,
          priority,
          policy,
          ...(hook === "ingress" ? { devices: ["eth0"] } : {}),
        },
        rules,
      }
}

export function table(chains: readonly Chain[], sets: readonly SetDeclaration[] = []): Ruleset {
  return { tables: [{ family: "inet", name: "t", sets, chains }] }
}

export function engineOf(ruleset: Ruleset, options: Partial<EngineOptions> = {}): Engine {
  const { engine, diagnostics } = createEngine(ruleset, {
    random: () => 0,
    interfaces: [{ name: "eth0", networks: [] }],
    ...options,
  })
  if (engine === null) throw new Error(diagnostics.map(({ message }) => message).join("; "))
  return engine
}

/** Sends one packet through `eth0`, and says `verdict ctstate`. */
export function judgePacket(engine: Engine, description: PacketDescription, path: Path, time = 0): string {
  const bytes = buildPacket(description)
  const packet = new Packet()
  decode(packet, new DataView(bytes.buffer), 0, bytes.length, bytes.length, LINKTYPE_ETHERNET)
  packet.time = time
  packet.inputInterface = path === "output" ? 0 : 1
  packet.outputInterface = path === "input" ? 0 : 1
  const { verdict, ctState } = engine.judge(packet, path)
  return `${verdictNames[verdict]} ${ctStateName(ctState)}`
}

/** Sends a script's packets, and says of each `verdict ctstate [rule] [why]`, then the line. */
export function judgeScript(engine: Engine, script: string, path: Path = "input"): string[] {
  const { packets, diagnostics } = parseScript(script.trim(), "script")
  if (diagnostics.length > 0) throw new Error(diagnostics.map(({ message }) => message).join("; "))
  const packet = new Packet()
  return packets.map(({ bytes, linkType, time, inputInterface, outputInterface, text }) => {
    decode(
      packet,
      new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      0,
      bytes.length,
      bytes.length,
      linkType,
    )
    packet.time = time
    const way = outputInterface === "" ? path : inputInterface === "" ? "output" : "forward"
    packet.inputInterface = engine.interfaces.index(inputInterface || "eth0")
    packet.outputInterface = outputInterface === "" ? 0 : engine.interfaces.index(outputInterface)
    const { verdict, ctState, chain: at, rule: index, why } = engine.judge(packet, way)
    const words = [verdictNames[verdict]!, ctStateName(ctState) ?? "-"]
    if (at >= 0) words.push(`${engine.chains[at]!.chain.name}:${index < 0 ? "policy" : index}`)
    if (why !== "") words.push(why)
    return `${words.join(" ").padEnd(24)} ${text.trim()}`
  })
}

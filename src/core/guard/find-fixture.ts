import { parseAddress } from "../base/address.js"
import { Detection } from "../detect/detection.js"
import { createEngine, type Path } from "../engine/engine.js"
import { EnginePackets, isOrdinary } from "../event/engine-packets.js"
import type { Finding } from "../event/finding.js"
import { findingLine } from "../event/print-finding.js"
import { decode } from "../packet/decode.js"
import { Packet, TCP } from "../packet/packet.js"
import { parseScript } from "../packet/script.js"
import { compilePolicy } from "../policy/compile.js"
import { unknownHost } from "../policy/environment.js"
import { loadPolicy } from "../policy/load.js"

export const closedPolicy = "protect: { wan: { preset: default, open: [ssh, http, https] } }"
/** Nothing is dropped: what is closed is told by its own resets. */
export const openPolicy = "protect: { wan: { preset: watch, small-mss: off } }"

const known = new Map<string, ReturnType<typeof compile>>()

export function compiled(policy: string): ReturnType<typeof compile> {
  const before = known.get(policy)
  if (before) return before
  const made = compile(policy)
  known.set(policy, made)
  return made
}

function compile(policy: string) {
  const text = `interfaces: { wan: eth0, lan: eth1 }\n${policy}\n`
  const loaded = loadPolicy(
    { path: "p.yaml", text },
    { read: () => ({ problem: "none" }), glob: () => [], host: unknownHost },
  )
  if (!loaded.policy) throw new Error(loaded.diagnostics.map(({ message }) => message).join("; "))
  return { ruleset: compilePolicy(loaded.policy, unknownHost).ruleset, detect: loaded.policy.detect }
}

/** What is found in a script's packets. 192.0.2.1 is the firewall, eth0 the world, eth1 the hosts behind it. */
export function find(script: string, policy = closedPolicy): Finding[] {
  const { ruleset, detect } = compiled(policy)
  const { engine } = createEngine(ruleset, {
    random: () => 0,
    interfaces: [
      { name: "eth0", networks: ["default"] },
      { name: "eth1", networks: [{ address: parseAddress("10.0.0.0")!, length: 8 }] },
    ],
    local: [parseAddress("192.0.2.1")!, parseAddress("2001:db8:1::1")!],
  })
  if (engine === null) throw new Error("no engine")
  const found: Finding[] = []
  const detection = new Detection(detect, { sees: "all" }, (finding) => found.push(finding))
  const packets = new EnginePackets(engine, { outside: ["eth0"] })
  const packet = new Packet()
  const parsed = parseScript(script.trim(), "script")
  if (parsed.diagnostics.length > 0)
    throw new Error(parsed.diagnostics.map(({ message }) => message).join("; "))
  for (const { bytes, linkType, time, inputInterface, outputInterface } of parsed.packets) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    decode(packet, view, 0, bytes.length, bytes.length, linkType)
    packet.time = time
    const way: Path = outputInterface === "" ? "input" : inputInterface === "" ? "output" : "forward"
    packet.inputInterface = way === "output" ? 0 : engine.interfaces.index(inputInterface || "eth0")
    packet.outputInterface = outputInterface === "" ? 0 : engine.interfaces.index(outputInterface)
    const judgement = engine.judge(packet, way)
    if (
      isOrdinary(packet, judgement) &&
      ((judgement.ctDirection !== 0 && packet.protocol === TCP) || !detection.awaits(packet))
    )
      continue
    const event = packets.take(packet, judgement, 1.7e9 + time / 1e9)
    if (event !== null) detection.packet(event)
  }
  detection.finish()
  return found
}

/** `detector kind source count` of each finding. */
export function brief(findings: readonly Finding[]): string[] {
  return findings.map((finding) => {
    const { detector, kind, sources, evidence } = findingLine(finding)
    return `${detector} ${kind} ${finding.manySources ? "many" : sources.join(",")} ${evidence.count}`
  })
}

/** A whole handshake from a client's port. */
export const handshake = (client: string, server = "192.0.2.1:80") => `
+1ms in eth0 ${client} > ${server} S seq 100
+1ms out eth0 ${server} > ${client} S. seq 500 ack 101
+1ms in eth0 ${client} > ${server} . seq 101 ack 501`

export const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n")

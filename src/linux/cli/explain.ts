import { isProblem } from "../../core/base/diagnostic.js"
import type { Prefix } from "../../core/base/prefix.js"
import { createEngine, type Engine, type Path } from "../../core/engine/engine.js"
import { type RuleReference, ruleReference } from "../../core/engine/reference.js"
import { ctStateName, type Judgement, verdictNames } from "../../core/engine/verdict.js"
import { decode } from "../../core/packet/decode.js"
import { Packet } from "../../core/packet/packet.js"
import { parseScript, type ScriptPacket } from "../../core/packet/script.js"
import { isLoopback } from "../host/sockets.js"
import { type Command, type ExitStatus, exit, jsonOption } from "./command.js"
import { Devices } from "./devices.js"
import type { Io } from "./output.js"
import { isPhrase, phraseToScript } from "./packet-words.js"
import { enginePath } from "./path.js"
import { readPolicyText } from "./policy-file.js"
import { allOption, type PathOptions, pathOptions } from "./replay-options.js"
import { ruleConflict } from "./rule-options.js"
import { openSubject, type Subject } from "./subject.js"
import { formatTable, hang } from "./text.js"
import { type TracedStage, TraceRecorder, withCtState } from "./trace-recorder.js"
import { type TraceLook, traceText } from "./trace-text.js"

interface Options extends PathOptions {
  readonly json?: boolean
  readonly all?: boolean
}

export const command: Command<Options> = {
  operands: "<packet...>",
  description:
    "Sends a packet that is written as text through a policy, or through somebody's rules (--rules), and shows its way in the words of nft monitor " +
    "trace: which chains it meets, which rules ask what of it and what it had, which line each comes from, and the verdict.\n\n" +
    "A packet is a line of a packet script (10.0.0.9:40000 > 10.0.0.1:22 S; docs/packet-scripts.md has all words) or a packet phrase " +
    "(in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A]), which stands for the first packet of such traffic. Several packets " +
    "are separated by ; and - reads a script from standard input: earlier packets are judged first, and the last is explained.",
  options: [...pathOptions, allOption, jsonOption],
  exitZero: "done, whatever the verdict",
  examples: [
    { line: "floodwall explain in tcp port 22 from 198.51.100.7", text: "would that host reach SSH here?" },
    {
      line: "floodwall explain '203.0.113.9:4000 > 192.0.2.1:80 S mss 64'",
      text: "a packet in every detail; in quotes, for > is the shell's",
    },
    {
      line: "iptables-save | floodwall explain --rules - --all in udp port 53",
      text: "this host's own rules, each with what the packet had",
    },
    {
      line: "floodwall explain '203.0.113.9:1024++ > 192.0.2.1:80 S repeat 2000'",
      text: "the last one of a flood",
    },
  ],
  run,
}

async function run(words: readonly string[], options: Options, io: Io): Promise<ExitStatus> {
  const conflict = ruleConflict(options, options.policy) ?? inputConflict(words, options)
  if (conflict !== undefined) return io.wrong("bad-command-line", conflict, "see floodwall explain --help")
  const subject = openSubject(options, io)
  if (subject === undefined) return exit.wrong
  const text = words.join(" ")
  const lines = text === "-" ? readPolicyText("-", io)?.text : text.replace(/\s*;\s*/g, "\n")
  if (lines === undefined) return exit.wrong
  const local = options.local?.flat() ?? subject.host.addresses.filter(isReachable)
  const script = isPhrase(lines) ? phraseToScript(lines, subject, local) : lines
  if (isProblem(script)) return io.wrong(script.id, script.message, script.hint)
  const { packets, diagnostics } = parseScript(script, "packet")
  io.report(diagnostics)
  const last = packets.at(-1)
  if (diagnostics.length > 0) return exit.wrong
  if (last === undefined)
    return io.wrong("bad-command-line", "there is no packet in the words", "see floodwall explain --help")

  const path = enginePath(subject, options)
  const { engine, diagnostics: found } = createEngine(subject.ruleset, path)
  io.report(found)
  if (engine === null) return exit.wrong
  const devices = new Devices(subject.sides, path)
  const stage = new Stage(engine, devices, path.firstInterface)
  const before = packets.slice(0, -1).map((packet) => ({ packet, said: stage.judge(packet) }))
  const recorder = new TraceRecorder(engine)
  const said = stage.judge(last, recorder)
  const stages = withCtState(recorder.stages, said.ctStateBit)
  if (options.json) {
    const { ctStateBit: _, ...answer } = said
    io.json({ packet: last.text, ...answer, trace: stages })
    return exit.done
  }
  const look = { id: packets.length, family: stage.family, all: options.all ?? false }
  tell(before, last, said, stages, look, devices, subject, io)
  return exit.done
}

function inputConflict(words: readonly string[], { policy, rules }: Options): string | undefined {
  if (words.join(" ") !== "-") return undefined
  if (policy === "-") return "standard input cannot be the policy and the packets"
  return rules?.includes("-") ? "standard input cannot be the rules and the packets" : undefined
}

/** Whether somebody elsewhere can send to this address: neither loopback nor link-local. */
function isReachable({ address }: Prefix): boolean {
  return !isLoopback(address) && (address.family === 4 || address.words[0]! >>> 22 !== 0xfe80 >>> 6)
}

interface Said {
  readonly path: Path
  readonly verdict: string
  readonly rule: RuleReference | null
  readonly ctstate: string | null
  readonly why: string
  readonly ctStateBit: number
}

/** An engine, and packets of a script going through it. */
class Stage {
  readonly #engine: Engine
  readonly #devices: Devices
  readonly #firstInterface: string
  readonly #packet = new Packet()

  constructor(engine: Engine, devices: Devices, firstInterface: string) {
    this.#engine = engine
    this.#devices = devices
    this.#firstInterface = firstInterface
  }

  /** IP version of the packet that was judged last, or 0. */
  get family(): number {
    return this.#packet.family
  }

  judge(
    { bytes, linkType, time, inputInterface, outputInterface }: ScriptPacket,
    trace?: TraceRecorder,
  ): Said {
    const engine = this.#engine
    const packet = this.#packet
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    decode(packet, view, 0, bytes.length, bytes.length, linkType)
    packet.time = time
    const path = this.#place(packet, inputInterface, outputInterface)
    return said(engine, path, engine.judge(packet, path, trace ?? null))
  }

  /** `in NAME` and `out NAME` say it; else addresses do, where it is known what lies where; else it arrives, for this host. */
  #place(packet: Packet, input: string, output: string): Path {
    const { interfaces, routes } = this.#engine
    const first = interfaces.index(this.#firstInterface)
    const isFromHere =
      routes.knowsLocal && routes.isLocal(packet, "source") && !routes.isLocal(packet, "destination")
    const isForHere = !routes.knowsLocal || routes.isLocal(packet, "destination")
    const path: Path =
      input !== "" || output !== ""
        ? input === ""
          ? "output"
          : output === ""
            ? "input"
            : "forward"
        : isFromHere
          ? "output"
          : isForHere
            ? "input"
            : "forward"
    const named = (device: string) => interfaces.index(this.#devices.known(device) ?? device)
    const route = (which: "source" | "destination") =>
      packet.family === 0 ? 0 : routes.interfaceTo(packet, which)
    packet.inputInterface = path === "output" ? 0 : input === "" ? route("source") || first : named(input)
    packet.outputInterface =
      path === "input" ? 0 : output === "" ? route("destination") || first : named(output)
    return path
  }
}

function said(engine: Engine, path: Path, judgement: Judgement): Said {
  return {
    path,
    verdict: verdictNames[judgement.verdict]!,
    rule: ruleReference(engine, judgement.chain, judgement.rule),
    ctstate: ctStateName(judgement.ctState),
    why: judgement.why,
    ctStateBit: judgement.ctState,
  }
}

const pathWords: Readonly<Record<Path, string>> = {
  input: "arrives, for this host",
  output: "leaves, from this host",
  forward: "goes through this host",
}

function tell(
  before: readonly { readonly packet: ScriptPacket; readonly said: Said }[],
  last: ScriptPacket,
  answer: Said,
  stages: readonly TracedStage[],
  look: Pick<TraceLook, "id" | "family" | "all">,
  devices: Devices,
  subject: Subject,
  io: Io,
): void {
  if (before.length > 0) {
    const rows = runsOf(before).map(({ count, said, text }) => [
      String(count),
      said.verdict,
      said.rule?.origin ? `${said.rule.origin.file}:${said.rule.origin.line}` : "",
      text,
    ])
    io.print(io.style.bold("Before it"))
    io.print(formatTable([{ title: "", align: "right" }, { title: "" }, { title: "" }, { title: "" }], rows))
    io.print()
  }
  io.print(`${io.style.bold("Packet")}   ${last.text}\n         ${pathWords[answer.path]}`)
  for (const device of [last.inputInterface, last.outputInterface])
    if (isStrange(device, devices, subject))
      io.print(hang(`         ${strangeText(device, subject, io)}`, io.lineWidth, "           "))
  io.print()
  const { style, lineWidth: width } = io
  io.print(traceText(stages, answer, { ...look, style, width }))
}

/** A policy protects the devices that it names. Of somebody's rules the others are a mistake only where they were typed. */
function isStrange(device: string, devices: Devices, { kind, sides, firstInterface }: Subject): boolean {
  if (device === "" || devices.known(device) !== undefined || sides.length === 0) return false
  return kind === "policy" || device !== firstInterface
}

/** A device that the words name and the subject does not. */
function strangeText(device: string, { kind, sides }: Subject, { style }: Io): string {
  if (kind === "rules")
    return `${style.warn(`no rule names ${device}`)} (they name ${sides.map(({ name }) => name).join(", ")})`
  const zones = sides.map(({ name, interfaces }) => `${name}: ${interfaces.join(", ")}`).join("; ")
  return `${style.warn(`no zone names ${device}, so it is not protected`)} (${zones})`
}

/** Neighbours of the same line that got the same answer are one row. */
function runsOf(before: readonly { readonly packet: ScriptPacket; readonly said: Said }[]) {
  const runs: { count: number; said: Said; text: string }[] = []
  for (const { packet, said } of before) {
    const run = runs.at(-1)
    const isSame =
      run?.text === packet.text &&
      run.said.verdict === said.verdict &&
      run.said.rule?.index === said.rule?.index
    if (run && isSame) run.count++
    else runs.push({ count: 1, said, text: packet.text })
  }
  return runs
}

import { type Diagnostic, hasErrors } from "../../core/base/diagnostic.js"
import type { ReplaySummary } from "../../core/engine/replay-summary.js"
import { findingLine } from "../../core/event/print-finding.js"
import { asksOwnAddresses } from "../../core/ruleset/asks-own-addresses.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { readCapture } from "../capture/read-capture.js"
import { type Command, type ExitStatus, exit } from "./command.js"
import { ComparedReplay } from "./compared-replay.js"
import { comparisonText } from "./comparison-text.js"
import { compareFound } from "./found-comparison.js"
import { makeReplay } from "./make-replay.js"
import type { Io } from "./output.js"
import { ReplayDetection } from "./replay-detection.js"
import { ReplayListener } from "./replay-listener.js"
import { allOption, type PathOptions, pathOptions } from "./replay-options.js"
import { type ReplayStory, replayText } from "./replay-text.js"
import { ruleConflict } from "./rule-options.js"
import { isSameFile, SortedCaptures } from "./sorted-captures.js"
import { openOther, openSubject } from "./subject.js"

interface Options extends PathOptions {
  readonly json?: boolean
  readonly accepted?: string
  readonly dropped?: string
  readonly trace?: readonly number[]
  readonly all?: boolean
  readonly compare?: readonly string[]
  /** `--no-findings`. */
  readonly findings?: boolean
}

export const command: Command<Options> = {
  operands: "<capture...>",
  description:
    "Sends captured packets through a policy, or through somebody's iptables or nft rules (--rules), in the engine that evaluates the same " +
    "rules that the kernel would get: how many would be accepted and dropped, by which line of the policy or the rules, and who would be blocked. Nothing on this host changes. Captures are pcap or " +
    "pcapng, either of them gzipped; - is standard input; several are taken as one after the other, with what was learnt kept. " +
    "Time is the capture's.\n\n" +
    "Every packet is taken to arrive on the policy's first interface, for this host, as far as neither --local nor --interface nor " +
    "the capture says otherwise; with --rules on the first interface that they ask packets to have arrived on, loopback and containers' " +
    "bridges aside, or eth0 where they name none.",
  options: [
    ...pathOptions,
    {
      flags: "--accepted <file>",
      text: "write the packets that are accepted to this capture: pcap, or pcapng where it ends so; - is standard output",
    },
    { flags: "--dropped <file>", text: "write the packets that are dropped or rejected to this capture" },
    {
      flags: "--trace <n>",
      text: "show how packet N was judged, chain by chain and match by match; may be given several times",
      parse: (text) =>
        /^[1-9]\d{0,14}$/.test(text)
          ? { value: Number(text) }
          : { wrong: `"${text}" is not the number of a packet` },
      many: true,
    },
    { ...allOption, text: `of --trace: ${allOption.text}` },
    {
      flags: "--compare <file>",
      text:
        "send the packets through another policy or somebody's other rules as well, and tell only what changes from the first to these: who would " +
        "newly be cut off, who would newly get in; given several times: files of rules that belong together",
      many: true,
    },
    { flags: "--no-findings", text: "do not look for attacks: only verdicts, a little faster" },
    {
      flags: "--json",
      text: "print for programs: a line of JSON for each packet (n, time, verdict, rule, ctstate; with --compare also changed, and other with its verdict), then a line for each finding (finding), then one summary",
    },
  ],
  exitZero: "done, whatever the verdicts; with --compare: they are the same",
  exitOne: "with --compare: verdicts differ",
  examples: [
    { line: "floodwall replay monday.pcap", text: "what the policy would have done on Monday" },
    {
      line: "floodwall replay --local 192.0.2.1 --interface eth0=default --interface eth1=10.0.0.0/8 gateway.pcapng.gz",
      text: "a gateway's capture: what came from outside, what came from inside",
    },
    {
      line: "tcpdump -i eth0 -w - -c 100000 | floodwall replay --json - | jq 'select(.verdict == \"drop\")'",
      text: "live traffic, and what would be lost of it",
    },
    { line: "floodwall replay --trace 17 monday.pcap", text: "why packet 17 had the verdict that it had" },
    {
      line: "iptables-save | floodwall replay --rules - today.pcap",
      text: "what this host's own rules do to the traffic",
    },
    {
      line: "floodwall replay --rules rules.v4 --rules rules.v6 --compare floodwall.yaml today.pcap",
      text: "who would notice the change from these rules to the policy",
    },
    {
      line: "floodwall replay --dropped lost.pcap monday.pcap",
      text: "what would be lost, to be looked at in Wireshark",
    },
  ],
  run,
}

async function run(captures: readonly string[], options: Options, io: Io): Promise<ExitStatus> {
  const conflict = conflictOf(captures, options)
  if (conflict !== undefined) return io.wrong("bad-command-line", conflict, "see floodwall replay --help")
  const subject = openSubject(options, io)
  if (subject === undefined) return exit.wrong
  const made = makeReplay(subject, options, io)
  if (made === undefined) return exit.wrong
  const other = options.compare === undefined ? undefined : openOther(options.compare, options, io)
  if (options.compare !== undefined && other === undefined) return exit.wrong
  const otherMade = other && makeReplay(other, options, io)
  if (other && otherMade === undefined) return exit.wrong
  const sorted = SortedCaptures.open(options, io)
  if (sorted === undefined) return exit.wrong

  const { replay, devices } = made
  const looks = options.findings !== false
  const detection = looks ? new ReplayDetection(subject, replay.engine, made.way) : undefined
  const otherDetection =
    looks && other && otherMade
      ? new ReplayDetection(other, otherMade.replay.engine, otherMade.way)
      : undefined
  const compared =
    otherMade && new ComparedReplay(replay, otherMade.replay, otherMade.devices, otherDetection)
  const parts = {
    ...{ replay, devices, sorted },
    ...(compared ? { compared } : {}),
    ...(detection ? { detection } : {}),
  }
  const listener = new ReplayListener(parts, options, io)
  const read: { path: string; packets: number; format: string }[] = []
  const problems: Diagnostic[] = []
  for (const path of captures) {
    const progress = io.progress(nameOf(path), "packets")
    const summary = await readCapture(path, (record, capture) => listener.take(record, capture), {
      onProgress: (done, size) => progress.at(done, replay.count, size),
    })
    progress.done()
    problems.push(...summary.diagnostics)
    read.push({ path, packets: summary.packets, format: summary.format })
  }
  problems.push(...sorted.close())
  detection?.finish()
  otherDetection?.finish()

  const summary = withFound(replay.summary(), detection)
  const difference = compared?.summary()
  const found = detection && otherDetection && compareFound(detection, otherDetection)
  if (options.json) {
    const more =
      difference && compared
        ? {
            other: withFound(compared.replay.summary(), otherDetection),
            comparison: { ...difference, ...found },
          }
        : {}
    for (const finding of detection?.findings ?? []) io.json({ finding: findingLine(finding) })
    for (const finding of otherDetection?.findings ?? [])
      io.json({ other: { finding: findingLine(finding) } })
    io.json({ summary: { ...summary, captures: read, ...more } })
  } else if (replay.count > 0 || problems.length === 0) {
    const { first, last, accepted, leftAside, withoutDirection, versions } = listener
    const story = {
      ...{ first, last, accepted, leftAside, withoutDirection },
      kind: subject.kind,
      captures: captures.map(nameOf),
      knowsLocal: options.local !== undefined,
      asksLocal: subject.kind === "rules" && asksOwnAddresses(subject.ruleset),
      knowsNetworks: options.interface !== undefined,
      settings: options.sysctl ?? [],
      strangeDevices: [...devices.strange],
      firstInterface: subject.firstInterface,
      findings: detection?.findings ?? [],
      findingCount: detection?.count ?? 0,
      unasked: unaskedOf(subject.ruleset, versions),
    }
    const text =
      difference && compared && other
        ? comparisonText(difference, compared.changed, [subject.name, other.name], summary, story, io, found)
        : replayText(summary, story, io)
    const missed = (options.trace ?? []).filter((wanted) => wanted > replay.count)
    if (missed.length > 0) io.note(`There is no packet ${missed.join(", ")} to trace.`)
    const all = [...listener.ways, text].join(`\n\n`)
    // Standard output may be taken by a capture.
    if (options.accepted === "-" || options.dropped === "-") io.note(all)
    else io.print(all)
  }
  io.report(problems)
  if (hasErrors(problems)) return exit.wrong
  return difference && difference.same < difference.packets ? exit.no : exit.done
}

/** Who would be kept out by findings stands among those that rules would list. */
function withFound(summary: ReplaySummary, detection: ReplayDetection | undefined): ReplaySummary {
  const found = detection?.blocked() ?? []
  if (found.length === 0) return summary
  const listed = new Set(summary.blocked.map(({ source }) => source))
  const more = found.filter(({ source }) => !listed.has(source))
  const blocked = [...summary.blocked, ...more].sort((left, right) =>
    left.time < right.time ? -1 : left.time > right.time ? 1 : 0,
  )
  return { ...summary, blocked, blockedCount: summary.blockedCount + more.length }
}

/** Packets of an IP version for which there is no table. */
function unaskedOf({ tables }: Ruleset, versions: Readonly<Record<4 | 6, number>>): ReplayStory["unasked"] {
  const families = new Set(tables.map(({ family }) => family))
  if (families.size !== 1) return undefined
  const version = families.has("ip") ? 6 : families.has("ip6") ? 4 : undefined
  return version && versions[version] > 0 ? { version, packets: versions[version] } : undefined
}

/** What cannot be meant, as a sentence. */
function conflictOf(captures: readonly string[], options: Options): string | undefined {
  const { accepted, dropped, json, policy, rules, compare } = options
  const wrong = ruleConflict(options, policy)
  if (wrong !== undefined) return wrong
  if (captures.filter((path) => path === "-").length > 1) return "standard input can be read only once"
  if (compare?.includes("-") && [...captures, ...(rules ?? []), policy].includes("-"))
    return "standard input can be read only once"
  if (captures.includes("-") && policy === "-") return "standard input cannot be the policy and a capture"
  if (captures.includes("-") && rules?.includes("-"))
    return "standard input cannot be the rules and a capture"
  if (accepted !== undefined && dropped !== undefined && isSameFile(accepted, dropped)) {
    return "--accepted and --dropped are the same file"
  }
  const outputs = [accepted, dropped].filter((path) => path !== undefined)
  if (json && outputs.includes("-")) return "standard output cannot be JSON and a capture"
  const overwritten = outputs.find((output) =>
    captures.some((capture) => output !== "-" && isSameFile(output, capture)),
  )
  return overwritten === undefined ? undefined : `${overwritten} is read, so it cannot be written`
}

function nameOf(path: string): string {
  return path === "-" ? "standard input" : path
}

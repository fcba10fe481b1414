import { type Diagnostic, hasErrors } from "../../core/base/diagnostic.js"
import { printPrefix } from "../../core/base/prefix.js"
import { type Block, sourceText } from "../../core/block/block.js"
import type { Decision } from "../../core/block/decide.js"
import { createReplay } from "../../core/engine/replay.js"
import type { Finding } from "../../core/event/finding.js"
import { findingLine, findingText, instantText } from "../../core/event/print-finding.js"
import { CaptureGuard } from "../../core/guard/capture-guard.js"
import { readCapture } from "../capture/read-capture.js"
import { CaptureDevices } from "./capture-devices.js"
import { type ExitStatus, exit } from "./command.js"
import { Devices } from "./devices.js"
import type { Io } from "./output.js"
import { enginePath } from "./path.js"
import { neverBlockedBy, outsideOf } from "./replay-detection.js"
import type { PathOptions } from "./replay-options.js"
import { openPolicySubject } from "./subject.js"
import { formatCount, plural } from "./text.js"

interface CaptureOptions extends PathOptions {
  readonly json?: boolean
}

/** The guard on a capture instead of the kernel: no privilege, nothing of this host changes, and time is the packets'. */
export async function runOnCapture(
  named: string | undefined,
  captures: readonly string[],
  options: CaptureOptions,
  io: Io,
): Promise<ExitStatus> {
  const subject = openPolicySubject(named, options, io)
  if (subject === undefined) return exit.wrong
  const way = enginePath(subject, options)
  const teller = new Teller(io, options.json ?? false)
  let guard: CaptureGuard | undefined
  let origin = 0
  const { replay, diagnostics } = createReplay(subject.ruleset, {
    ...way,
    conntrack: "on",
    onSetAdd(_table, set, words, expires, run, rule) {
      const listing = /^blocked(-new)?([46])$/.exec(set.name)
      if (!listing || !guard) return
      const at = origin + run.now / 1e9
      const family = listing[2] === "4" ? 4 : 6
      const address = { family, words: Array.from(words) } as const
      const scope = listing[1] ? "new-connections" : "everything"
      guard.listed(
        address,
        rule.origin.protection ?? set.name,
        rule.origin.text,
        at,
        (expires - run.now) / 1e9,
        scope,
      )
    },
  })
  io.report(diagnostics)
  if (replay === null) return exit.wrong
  const devices = new CaptureDevices(
    new Devices(subject.sides, way),
    replay.engine.interfaces,
    options.interface !== undefined,
  )
  guard = new CaptureGuard(replay.engine, {
    detect: subject.detect,
    outside: outsideOf(subject, way),
    neverBlocked: neverBlockedBy(subject),
    provedOnly: subject.forgedSources === "prove",
    settings: subject.blocks,
    onFinding: (finding, decisions) => teller.finding(finding, decisions),
    onBlock: (block, at) => teller.block(block, at),
    onEnd: (block, at) => teller.end(block, at),
  })
  const problems: Diagnostic[] = []
  for (const path of captures) {
    const read = await readCapture(path, (record, capture) => {
      const judgement = replay.feed(record, devices.nameOf(record.interfaceIndex, capture))
      const seconds = record.seconds + record.nanoseconds / 1e9
      if (replay.count === 1) origin = seconds
      guard.take(replay.packet, judgement, seconds)
      return undefined
    })
    problems.push(...read.diagnostics)
  }
  guard.finish()
  const { packets, verdicts } = replay.summary()
  teller.summary({
    packets,
    verdicts,
    findings: teller.findings,
    blocks: teller.blocks,
    blocked: [...guard.ledger.all()].map(({ source }) => sourceText(source)),
  })
  io.report(problems)
  return hasErrors(problems) ? exit.wrong : exit.done
}

interface Summary {
  readonly packets: number
  readonly verdicts: Readonly<Record<string, number>>
  readonly findings: number
  readonly blocks: number
  /** Who is kept out at the end. */
  readonly blocked: readonly string[]
}

/** Says what happens as it happens: a line of JSON each, or a line for people. */
class Teller {
  findings = 0
  blocks = 0
  readonly #io: Io
  readonly #json: boolean

  constructor(io: Io, json: boolean) {
    this.#io = io
    this.#json = json
  }

  finding(finding: Finding, decisions: readonly Decision[]): void {
    this.findings++
    const decided = decisions.map((decision) =>
      decision.verdict === "block"
        ? {
            source: printPrefix(decision.source),
            verdict: decision.verdict,
            scope: decision.scope,
            seconds: Number.isFinite(decision.seconds) ? decision.seconds : null,
            reason: decision.reason,
          }
        : { source: printPrefix(decision.source), verdict: decision.verdict, reason: decision.reason },
    )
    const reason = decisions.find(({ verdict }) => verdict === "only-notify")?.reason
    this.#tell({ finding: { ...findingLine(finding), decisions: decided } }, () =>
      [
        `${clock(finding.at)}  ${this.#io.style.bad(finding.detector)}  ${findingText(finding)}`,
        ...(reason === undefined ? [] : [`${" ".repeat(21)}not blocked: ${reason}`]),
      ].join("\n"),
    )
  }

  block(block: Block, at: number): void {
    this.blocks++
    const until = Number.isFinite(block.until) ? block.until : null
    const source = sourceText(block.source)
    const line = {
      time: instantText(at),
      source,
      scope: block.scope,
      by: block.by,
      kind: block.kind,
      why: block.why,
      until: until === null ? null : instantText(until),
      times: block.times,
    }
    const what = block.scope === "everything" ? "" : ", only what it opens"
    this.#tell(
      { block: line },
      () =>
        `${clock(at)}  ${this.#io.style.bold("blocked")}  ${source} until ${until === null ? "it is let out" : clock(until)}${what}: ${block.kind}`,
    )
  }

  end(block: Block, at: number): void {
    const source = sourceText(block.source)
    this.#tell(
      { end: { time: instantText(at), source, kind: block.kind } },
      () => `${clock(at)}  over  ${source}`,
    )
  }

  summary(summary: Summary): void {
    const { packets, findings, blocks, blocked } = summary
    this.#tell(
      { summary },
      () =>
        `${plural(packets, "packet")}, ${plural(findings, "finding")}, ${plural(blocks, "block")}; ${formatCount(blocked.length)} kept out at the end`,
    )
  }

  /** At once: who reads a live capture waits for it. */
  #tell(line: unknown, text: () => string): void {
    if (this.#json) this.#io.json(line)
    else this.#io.print(text())
    this.#io.flush()
  }
}

/** `2026-03-02 08:00:01`. */
function clock(seconds: number): string {
  return instantText(seconds).slice(0, 19).replace("T", " ")
}

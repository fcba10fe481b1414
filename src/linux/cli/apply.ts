import { resolve } from "node:path"
import { printSpan } from "../../core/base/diagnostic.js"
import { type AppliedRules, applyRules, type FirstReport, planApply } from "../host/apply.js"
import { isEnabled } from "../host/boot.js"
import { forwards, picksUpMidStream } from "../host/conntrack.js"
import { failed } from "../host/outcome.js"
import type { Cut, RehearsedSession } from "../host/rehearsal.js"
import { printEndpoint } from "../host/sockets.js"
import type { State } from "../host/state.js"
import { change } from "./change.js"
import { type Command, type ExitStatus, exit, jsonOption } from "./command.js"
import { compileHere } from "./compile-here.js"
import { keepBypass } from "./keep-bypass.js"
import { settleBlocks } from "./open-book.js"
import type { Io } from "./output.js"
import { policyWords } from "./policy-file.js"
import { describeCut, rehearsable, rehearseAll } from "./rehearse-here.js"
import {
  type GuardAnswer,
  guardAnswerToJson,
  isGuardThere,
  printGuardAnswer,
  tellGuard,
} from "./tell-guard.js"
import { plural } from "./text.js"
import { formatTime, parseSeconds, tell } from "./told.js"

interface Options {
  readonly confirm?: number
  readonly keep?: boolean
  readonly warmUp: number
  readonly force?: boolean
  readonly json?: boolean
}

const TRIAL_SECONDS = 60

export const command: Command<Options> = {
  operands: "[policy]",
  description:
    "Puts the policy's rules in the kernel, in one transaction and in a table of their own; nobody else's rules are touched. First the administrators' " +
    "live sessions, and three new connections from where they are, go through the rules in the engine: what would cut them is refused. " +
    "With --confirm the kernel itself goes back to the rules before when the time is over, whatever happens to this process, unless `floodwall confirm` comes first. " +
    "The same policy again changes nothing.\n" +
    "Where connection tracking was off before, connections that are alive stay: those of this host by name, forwarded ones if they say something within " +
    "the warm-up. A forwarded connection that is silent for longer than that is cut when new-tcp-without-syn drops: give a longer --warm-up if there are such.\n" +
    "A guard that runs works by the policy from then on: its detectors, its times, and whom it lets in again where an action is notify now. " +
    policyWords,
  options: [
    {
      flags: "--confirm <time>",
      text: `on trial for so long; on a terminal this is the default, with ${TRIAL_SECONDS} seconds`,
      parse: parseSeconds(1),
    },
    { flags: "--keep", text: "for good; without a terminal this is the default" },
    {
      flags: "--warm-up <time>",
      text: "where connection tracking was off: how long packets of unknown connections are counted and let past",
      parse: parseSeconds(0),
      fallback: "5s",
    },
    { flags: "--force", text: "even if the rehearsal says that a session would be cut" },
    jsonOption,
  ],
  exitOne: "refused: it would cut an administrator's session, or another floodwall is at work",
  exitThree: "no privilege, no nft, no nf_tables, or the kernel does not take the rules",
  examples: [
    {
      line: "floodwall apply",
      text: "on trial for a minute; then, from a SECOND session: floodwall confirm",
    },
    { line: "floodwall apply --keep policy.yaml", text: "for good, from a script" },
    {
      line: "floodwall apply --warm-up 10m",
      text: "on a gateway with forwarded sessions that are often silent",
    },
  ],
  async run(operands, options, io) {
    if (options.keep && options.confirm !== undefined) {
      return io.wrong("bad-command-line", "--keep and --confirm contradict each other")
    }
    let report: Report | undefined
    const status = await change(io, async (state) => {
      const applied = apply(operands[0], options, state, await isGuardThere(io), io)
      if (typeof applied !== "object") return applied
      report = applied
      return exit.done
    })
    if (report === undefined) return status
    const { policy, trialSeconds } = report
    // A trial is left to whoever tries it.
    const guard = report.hasGuard && trialSeconds === null ? await tellGuard(policy, io) : null
    if (options.json) io.json(toJson(report, guard))
    else print(report, guard, io)
    return status
  },
}

function apply(
  named: string | undefined,
  options: Options,
  state: State,
  hasGuard: boolean,
  io: Io,
): Report | ExitStatus {
  const compiled = compileHere(named, io)
  if (compiled === undefined) return exit.wrong
  const plan = planApply(compiled.ruleset, state)
  if (failed(plan)) return tell(plan.failure, io)
  // Rules that are in force already cut nobody who is here.
  const sessions = plan.value.isUnchanged ? [] : rehearsable(io.environment)
  const cuts = rehearseAll(compiled, sessions)
  if (cuts.length > 0 && !options.force) return refuse(cuts, io)

  const trialSeconds = options.keep ? null : (options.confirm ?? (io.terminal.output ? TRIAL_SECONDS : null))
  const policy = resolve(compiled.path)
  const applied = applyRules(
    {
      ruleset: compiled.ruleset,
      fallback: compiled.fallback,
      policy,
      trialSeconds,
      warmUpSeconds: options.warmUp,
      clock: () => new Date(),
    },
    plan.value,
    state,
  )
  if (failed(applied)) return tell(applied.failure, io)
  keepBypass(state, io, plan.value.kernel.tables.length === 0)
  io.report(applied.value.warnings)
  // While a trial lasts the rules before it may come back, and whom they blocked.
  const settled = trialSeconds === null ? compiled.policy : undefined
  const keptOutAgain = hasGuard ? 0 : settleBlocks(state, settled, io)
  return { policy, applied: applied.value, trialSeconds, sessions, cuts, keptOutAgain, hasGuard }
}

interface Report {
  /** Absolute path. */
  readonly policy: string
  readonly applied: AppliedRules
  readonly trialSeconds: number | null
  readonly sessions: readonly RehearsedSession[]
  readonly cuts: readonly Cut[]
  /** Blocked sources that the ledger knew and the kernel did not. */
  readonly keptOutAgain: number
  /** A guard runs: blocks are its to settle. */
  readonly hasGuard: boolean
}

function refuse(cuts: readonly Cut[], io: Io): ExitStatus {
  io.report(
    cuts.map((cut) => ({
      id: "cuts-session",
      severity: "error",
      message: `${cut.origin ? "" : "floodwall: "}this would cut ${describeCut(cut)}`,
      ...(cut.origin ? { span: cut.origin.span } : {}),
      hint: "nothing was changed; never-block, open, for and bypass make exceptions, --force applies it all the same",
    })),
  )
  return exit.no
}

function print(report: Report, guard: GuardAnswer, io: Io): void {
  const { keptOutAgain, trialSeconds, hasGuard } = report
  if (keptOutAgain > 0)
    io.print(
      `${plural(keptOutAgain, "blocked source")} of the ledger ${keptOutAgain === 1 ? "is" : "are"} kept out again`,
    )
  printApplied(report, io)
  if (trialSeconds !== null && hasGuard && report.applied.result === "changed")
    io.print("The guard works by the policy from before until then.")
  printGuardAnswer(guard, report.policy, io)
}

function printApplied({ applied, sessions, cuts }: Report, io: Io): void {
  const { style } = io
  if (applied.result === "unchanged") {
    io.print("unchanged: these rules are in force already")
    return
  }
  if (cuts.length > 0) {
    io.note(
      io.noteStyle.warn(`Forced, though the rehearsal says it cuts: ${cuts.map(describeCut).join("; ")}`),
    )
  } else if (sessions.length > 0) {
    const where = sessions.map(({ remote }) => printEndpoint(remote)).join(", ")
    io.print(
      `rehearsed: ${plural(sessions.length, "live session")} (${where}) and three new connections get through`,
    )
  }
  if (applied.first) printFirst(applied.first, io)
  if (applied.trialEnds === undefined) {
    io.print(`${style.good("changed")}: the rules are in force`)
    if (!isEnabled()) io.print("Gone after a reboot: floodwall enable")
    return
  }
  const until = formatTime(applied.trialEnds, new Date())
  io.print(`${style.warn("changed")}: the rules are in force, on trial`)
  io.print(`Open a SECOND session and run: floodwall confirm (undone by the kernel at ${until})`)
}

function printFirst({ conntrackWasOn, admitted, left, warmUpSeconds }: FirstReport, io: Io): void {
  if (conntrackWasOn) return
  io.print(
    `Connection tracking was off: ${plural(admitted, "live connection")} of this host ${admitted === 1 ? "is" : "are"} let in by name.`,
  )
  if (left > 0)
    io.note(`There was no room for ${plural(left, "more")}; they live if they speak in the warm-up.`)
  if (!forwards()) return
  io.print(
    warmUpSeconds > 0
      ? `Forwarded connections have ${warmUpSeconds} s to be seen; one that is silent for longer is cut where new-tcp-without-syn drops (--warm-up).`
      : "Forwarded connections from before are cut where new-tcp-without-syn drops (--warm-up).",
  )
  if (!picksUpMidStream()) {
    io.note(
      "net.netfilter.nf_conntrack_tcp_loose is 0: connections from before are never learnt, and cut after the warm-up.",
    )
  }
}

function toJson({ applied, trialSeconds, sessions, cuts, keptOutAgain }: Report, guard: GuardAnswer): object {
  return {
    result: applied.result,
    digest: applied.digest,
    trial: applied.trialEnds ? { seconds: trialSeconds, until: applied.trialEnds.toISOString() } : null,
    first: applied.first ?? null,
    rehearsed: sessions.map(({ remote, local, device }) => ({
      from: printEndpoint(remote),
      to: printEndpoint(local),
      device,
    })),
    cuts: cuts.map((cut) => ({
      what: cut.what,
      from: printEndpoint(cut.session.remote),
      origin: cut.origin ? `${printSpan(cut.origin.span)}: ${cut.origin.text}` : null,
    })),
    keptOutAgain,
    guard: guardAnswerToJson(guard),
    boots: isEnabled(),
  }
}

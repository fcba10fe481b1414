import { isEnabled } from "../host/boot.js"
import { needNetfilter } from "../host/capabilities.js"
import { conntrackFill } from "../host/conntrack.js"
import { type KernelState, readKernel } from "../host/kernel.js"
import { done, failed } from "../host/outcome.js"
import { opensAll, readOwnBypass } from "../host/own-bypass.js"
import { openState, readConfirmed, readTrial, type Saved } from "../host/state.js"
import {
  blockedSources,
  judgesPackets,
  type ProtectionStatus,
  protectionStatus,
  type SetStatus,
  setStatus,
} from "../host/status.js"
import { secondsLeft } from "../host/timers.js"
import { type Command, type ExitStatus, exit, jsonOption } from "./command.js"
import type { Io } from "./output.js"
import { gatherGuard, printGuard } from "./status-guard.js"
import { formatCount, formatSeconds, formatShare, formatTable } from "./text.js"
import { formatTime, tell } from "./told.js"

/** Rules of the chain `bypass`. */
const BYPASS_SHOWN = 5

interface Options {
  readonly json?: boolean
  readonly all?: boolean
}

export const command: Command<Options> = {
  operands: "",
  description:
    "Tells what really runs, as the kernel says it: whether rules are in force, on trial or paused, what each protection has counted and dropped since its rules were " +
    "loaded, how full the sets and the connection table are. A policy file is not looked at: floodwall diff compares.",
  options: [
    { flags: "--all", text: "protections that have counted nothing, and empty sets, too" },
    jsonOption,
  ],
  exitOne: "NOT PROTECTED: no rules are in force, or they are paused",
  exitThree: "no privilege, no nft, no nf_tables",
  examples: [
    { line: "floodwall status", text: "a look" },
    { line: "floodwall status --json | jq .protections", text: "for a program" },
  ],
  async run(_operands, options, io): Promise<ExitStatus> {
    const able = needNetfilter()
    if (failed(able)) return tell(able.failure, io)
    const kernel = readKernel()
    if (failed(kernel)) return tell(kernel.failure, io)
    const report = gather(kernel.value, io)
    const isRunning = report.kernel.inForce !== null
    const guard = isRunning ? await gatherGuard(io, blockedSources(report.sets)) : undefined
    if (options.json)
      io.json({ ...toJson(report), blockedSources: guard?.blocked ?? [], guard: guard?.guard ?? null })
    else {
      print(report, options.all ?? false, io)
      if (guard) printGuard(guard, blockedSources(report.sets), report.saved?.policy, io)
    }
    return report.isProtected ? exit.done : exit.no
  },
}

interface Report {
  readonly kernel: KernelState
  readonly isProtected: boolean
  /** What is remembered of the rules in force; absent: another state folder applied them. */
  readonly saved: Saved | undefined
  readonly protections: readonly ProtectionStatus[]
  readonly sets: readonly SetStatus[]
  /** What the administrator wrote into the chain `bypass`. */
  readonly ownBypass: readonly string[]
  readonly conntrack: ReturnType<typeof conntrackFill>
  readonly warmUpSeconds: number | undefined
  readonly now: Date
}

function gather(kernel: KernelState, io: Io): Report {
  const state = openState(io.environment)
  const pages = failed(state) ? [] : [readTrial(state.value), readConfirmed(state.value)]
  const isRunning = kernel.inForce !== null
  const own = isRunning ? readOwnBypass() : done([])
  const [table] = kernel.tables
  const hasWarmUp = table?.sets.some(({ name }) => name === "warm-up")
  return {
    kernel,
    isProtected: judgesPackets(kernel) && kernel.pausedSeconds === undefined,
    saved: pages.find((page) => page !== undefined && page.digest === kernel.digest),
    protections: isRunning ? protectionStatus(kernel) : [],
    sets: isRunning ? setStatus(kernel) : [],
    ownBypass: failed(own) ? [] : own.value,
    conntrack: conntrackFill(),
    warmUpSeconds: hasWarmUp && table ? secondsLeft(table.place, "warm-up") : undefined,
    now: new Date(),
  }
}

function print(report: Report, all: boolean, io: Io): void {
  for (const line of headLines(report, io)) io.print(line)
  if (report.kernel.inForce === null) return
  printProtections(report.protections, all, io)
  printFill(report, all, io)
}

function headLines(report: Report, io: Io): string[] {
  const { kernel, saved, now, warmUpSeconds } = report
  const { style } = io
  const at = (seconds: number) => formatTime(new Date(now.getTime() + seconds * 1000), now)
  const lines: string[] = []
  const { trial, pausedSeconds } = kernel
  if (kernel.inForce === null) {
    lines.push(
      style.bad("NOT PROTECTED") +
        (trial
          ? ": the trial is over, and there were no rules before it"
          : ": no rules of floodwall are in the kernel"),
      "floodwall apply puts them there",
    )
    return lines
  }
  if (pausedSeconds !== undefined) {
    lines.push(
      `${style.bad("NOT PROTECTED")}: paused until ${at(pausedSeconds)} (${formatSeconds(pausedSeconds)} left); floodwall resume ends it`,
    )
  } else if (!report.isProtected) {
    lines.push(`${style.bad("NOT PROTECTED")}: the policy in force protects nothing`)
  } else if (trial?.secondsLeft !== undefined) {
    lines.push(
      `${style.warn("ON TRIAL")}: undone by the kernel at ${at(trial.secondsLeft)} (${formatSeconds(trial.secondsLeft)} left) unless you run: floodwall confirm`,
    )
  } else {
    lines.push(style.good("PROTECTED"))
  }
  if (trial && trial.secondsLeft === undefined) {
    lines.push(
      "The last trial is over: the rules from before are in force. floodwall rollback takes away what is left of it.",
    )
  }
  if (saved) lines.push(`Policy: ${saved.policy}, applied ${formatTime(new Date(saved.at), now)}`)
  if (warmUpSeconds !== undefined) {
    lines.push(
      `Warm-up: packets of unknown connections are let past for ${formatSeconds(warmUpSeconds)} more`,
    )
  }
  lines.push(bootText(trial?.secondsLeft !== undefined), ...bypassLines(report, io))
  return lines
}

/** Rules by hand are in no policy, and nobody else tells of them. */
function bypassLines({ ownBypass }: Report, { style }: Io): string[] {
  if (ownBypass.length === 0) return []
  const all = ownBypass.find(opensAll)
  const shown = ownBypass.slice(0, BYPASS_SHOWN).map((line) => `  ${line}`)
  const more = ownBypass.length - shown.length
  return [
    ...(all === undefined
      ? []
      : [
          `${style.bad("EVERYTHING IS LET PAST")} by a rule in the chain bypass: ${all}; nft flush chain inet floodwall bypass, and floodwall apply, end it`,
        ]),
    `By hand, in the chain bypass${isEnabled() ? " (after a reboot, too)" : ""}:`,
    ...shown,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ]
}

/** Only confirmed rules are loaded at boot, so of those on trial a reboot is one more way back. */
function bootText(isOnTrial: boolean): string {
  if (isOnTrial)
    return isEnabled() ? "At boot the rules confirmed last are loaded." : "A reboot ends the trial, too."
  return isEnabled() ? "Loaded at boot." : "Gone after a reboot: floodwall enable"
}

function printProtections(protections: readonly ProtectionStatus[], all: boolean, io: Io): void {
  const shown = protections.filter(({ dropped, noticed }) => all || dropped.packets + noticed.packets > 0)
  const quiet = protections.length - shown.length
  io.print()
  if (shown.length > 0) {
    io.print(
      formatTable(
        [
          { title: "protection" },
          { title: "dropped", align: "right" },
          { title: "bytes", align: "right" },
          { title: "noticed", align: "right" },
          { title: "policy" },
        ],
        shown.map(({ protection, place, dropped, noticed }) => [
          io.style.name(protection || "(rule)"),
          dropped.packets > 0 ? io.style.bad(formatCount(dropped.packets)) : "0",
          formatCount(dropped.bytes),
          noticed.packets > 0 ? io.style.warn(formatCount(noticed.packets)) : "0",
          io.style.faint(place),
        ]),
      ),
    )
  }
  if (quiet > 0) {
    const rest = shown.length > 0 ? "more have" : "protections are in force and have"
    io.print(io.style.faint(`${quiet} ${rest} counted nothing${shown.length > 0 ? "" : " yet"}.`))
  }
}

function printFill({ sets, conntrack }: Report, all: boolean, io: Io): void {
  const rows = [
    ...sets
      .filter(({ elements }) => all || elements > 0)
      .map(({ name, elements, size }) => [name, elements, size] as const),
    ...(conntrack ? [["connections tracked", conntrack.count, conntrack.maximum] as const] : []),
  ]
  io.print()
  io.print(
    formatTable(
      [
        { title: "table" },
        { title: "in it", align: "right" },
        { title: "room", align: "right" },
        { title: "full", align: "right" },
      ],
      rows.map(([name, elements, size]) => {
        const share = formatShare(elements, size)
        return [
          name,
          formatCount(elements),
          formatCount(size),
          elements >= size * 0.9 ? io.style.bad(share) : share,
        ]
      }),
    ),
  )
}

function toJson(report: Report): object {
  const { kernel, isProtected, saved, protections, sets, ownBypass, conntrack, warmUpSeconds } = report
  const { trial, pausedSeconds } = kernel
  return {
    protected: isProtected,
    inForce: kernel.inForce !== null,
    digest: kernel.digest ?? null,
    policy: saved?.policy ?? null,
    appliedAt: saved?.at ?? null,
    trial: trial ? { secondsLeft: trial.secondsLeft ?? null, over: trial.secondsLeft === undefined } : null,
    pausedSeconds: pausedSeconds ?? null,
    warmUpSeconds: warmUpSeconds ?? null,
    boots: isEnabled(),
    blocked: blockedSources(sets),
    protections,
    sets,
    ownBypass,
    conntrack: conntrack ?? null,
  }
}

import { type Diagnostic, hasErrors } from "../../core/base/diagnostic.js"
import { compilePolicy } from "../../core/policy/compile.js"
import { loadPolicy } from "../../core/policy/load.js"
import { type Guard, type GuardedPolicy, startGuard } from "../daemon/guard.js"
import { createLog } from "../daemon/log.js"
import { parseListenAddress } from "../daemon/metrics.js"
import { needNetfilter } from "../host/capabilities.js"
import { gatherFacts } from "../host/facts.js"
import { failed } from "../host/outcome.js"
import { openLastingState } from "../host/state.js"
import { type Command, exit } from "./command.js"
import type { Io } from "./output.js"
import { fileEnvironment, policyWords, readPolicyText } from "./policy-file.js"
import { describeCut, rehearsable, rehearseAll } from "./rehearse-here.js"
import { removeEverything } from "./remove-everything.js"
import { type PathOptions, pathOptions } from "./replay-options.js"
import { runOnCapture } from "./run-capture.js"
import { tell } from "./told.js"

interface Options extends Pick<PathOptions, "interface" | "local" | "sysctl"> {
  readonly log?: "json" | "text"
  readonly metrics?: ReturnType<typeof parseListenAddress>
  readonly eve?: string
  readonly logins?: string
  readonly hook?: string
  readonly webhook?: string
  readonly capture?: readonly string[]
  readonly json?: boolean
}

export const command: Command<Options> = {
  operands: "[policy]",
  description:
    "The guard: puts the policy's rules in the kernel, watches what they log, connections, counters, logins and an intrusion detection system's alerts, " +
    "concludes who attacks, and keeps attackers out for a while. It runs in the foreground and logs to standard output; floodwall enable --guard makes it a service.\n" +
    "SIGHUP reads the policy anew and forgets nothing; a policy with mistakes changes nothing. SIGTERM and SIGINT end it, and what is in the kernel stays: rules go on judging, blocks end by themselves. " +
    "floodwall stop --remove takes the rules away, too. If another program flushes the rules, they are put back within a second. " +
    policyWords,
  options: [
    { flags: "--log <form>", text: "a line for people or a JSON object", choices: ["text", "json"] },
    {
      flags: "--logins <place>",
      text: "look for failed logins at sshd: journal, or a log file that is followed",
    },
    {
      flags: "--eve <place>",
      text: "Suricata's alerts: its eve.json, or unix:PATH to be connected to",
    },
    {
      flags: "--metrics <address>",
      text: "answer Prometheus at http://ADDRESS/metrics: 127.0.0.1:9477",
      parse: (text) => {
        const value = parseListenAddress(text)
        return value ? { value } : { wrong: `"${text}" is not an address and a port, like 127.0.0.1:9477` }
      },
    },
    {
      flags: "--hook <command>",
      text: "run this with what was found as JSON on its standard input, once a minute at most",
    },
    {
      flags: "--capture <file>",
      text: "look at this capture instead of the kernel: pcap or pcapng, - is standard input; no privilege is needed, nothing of this host changes, and time is the capture's; may be given several times",
      many: true,
    },
    {
      flags: "--json",
      text: "with --capture: a line of JSON for each finding, block and end of a block, then a summary",
    },
    ...pathOptions.filter(({ flags }) => /^--(?:interface|local|sysctl)/.test(flags)),
    { flags: "--webhook <url>", text: "send the same there by POST, once a minute at most" },
  ],
  exitZero: "it was asked to end",
  exitOne: "another guard is running",
  exitThree: "no privilege, no nft, no nf_tables, or the kernel does not take the rules",
  examples: [
    { line: "floodwall run", text: "watch, and block" },
    {
      line: "floodwall run --logins journal --metrics :9477",
      text: "failed logins too, and numbers for Prometheus",
    },
    {
      line: "tcpdump -i eth0 -U -w - | floodwall run --capture - --local 192.0.2.1",
      text: "what the guard would do, on live traffic, without a privilege of its own",
    },
    { line: "floodwall run policy.yaml --log json | jq .msg", text: "for programs" },
  ],
  async run([named], options, io) {
    if (options.capture) return runOnCapture(named, options.capture, options, io)
    if (options.json || options.interface || options.local || options.sysctl)
      return io.wrong(
        "bad-command-line",
        "--json, --interface, --local and --sysctl are for --capture",
        "see floodwall run --help",
      )
    const able = needNetfilter()
    if (failed(able)) return tell(able.failure, io)
    const state = openLastingState(io.environment)
    const isService = io.environment["INVOCATION_ID"] !== undefined && !io.terminal.output
    const form = options.log ?? (io.terminal.output ? "text" : "json")
    const log = createLog(form, isService, (text) => {
      io.write(text)
      io.flush()
    })
    const first = load(named, io)
    if (first === undefined) return exit.wrong
    const hangup = onHangup()
    const started = await startGuard(
      {
        environment: io.environment,
        state,
        load: (path = named) => load(path, io),
        rehearse: (rules) => rehearseAll(rules, rehearsable(io.environment)).map(describeCut),
        log,
        ...(options.metrics && { metrics: options.metrics }),
        ...(options.eve !== undefined && { eve: options.eve }),
        ...(options.logins !== undefined && { logins: options.logins }),
        ...(options.hook !== undefined && { hook: options.hook }),
        ...(options.webhook !== undefined && { webhook: options.webhook }),
      },
      first,
    )
    if (failed(started)) return tell(started.failure, io)
    const guard = started.value
    log.info(`watching ${guard.watches}`)
    hangup(guard)
    const { remove } = await untilStopped(guard)
    let removed: ReturnType<typeof removeEverything> | undefined
    await guard.stop(() => {
      if (remove) removed = removeEverything(state)
    })
    if (removed === undefined) {
      log.info(
        "stopped; what is in the kernel stays: floodwall stop --remove or floodwall remove takes it away",
      )
      return exit.done
    }
    if (failed(removed)) return tell(removed.failure, io)
    log.info("stopped, and the rules are removed: nothing is protected now")
    return exit.done
  },
}

/** The first SIGTERM or SIGINT ends it; before it watches, either ends the process as it stands. */
function untilStopped(guard: Guard): Promise<{ readonly remove: boolean }> {
  return new Promise((resolve) => {
    const end = () => resolve({ remove: false })
    process.on("SIGTERM", end)
    process.on("SIGINT", end)
    guard.stopped.then(resolve)
  })
}

/** Milliseconds between two readings of the policy, however many signals come. */
const RELOAD_EVERY = 1000

/** SIGHUP reads the policy anew: one that comes before the guard watches, when it does; many that come together, once more when the first is done. */
function onHangup(): (guard: Guard) => void {
  let guard: Guard | undefined
  let isAsked = false
  let isWaiting = false
  const reload = () => {
    isWaiting = false
    if (!isAsked || guard === undefined) return
    isAsked = false
    guard.reload()
    isWaiting = true
    setTimeout(reload, RELOAD_EVERY).unref()
  }
  process.on("SIGHUP", () => {
    isAsked = true
    if (!isWaiting) reload()
  })
  return (started) => {
    guard = started
    reload()
  }
}

/** The policy for this host as it is now; undefined: there was an error, and everything there is to say was said. */
function load(named: string | undefined, io: Io): GuardedPolicy | undefined {
  const text = readPolicyText(named, io)
  if (text === undefined) return undefined
  const facts = gatherFacts()
  const { policy, diagnostics } = loadPolicy(text, fileEnvironment(facts))
  const compiled = policy && compilePolicy(policy, facts)
  const told: readonly Diagnostic[] = [...diagnostics, ...(compiled?.diagnostics ?? [])]
  io.report(told.filter(({ severity, id }) => severity !== "lint" && id !== "detect-without-guard"))
  io.flush()
  if (!policy || !compiled || hasErrors(told)) return undefined
  const fallback = compilePolicy(policy, { ...facts, ingressDevices: [], egress: false })
  return { path: text.path, policy, facts, ruleset: compiled.ruleset, fallback: fallback.ruleset }
}

import { hostname } from "node:os"
import { join, resolve } from "node:path"
import { Detection } from "../../core/detect/detection.js"
import type { Event } from "../../core/event/event.js"
import type { Finding } from "../../core/event/finding.js"
import { logGroup } from "../../core/policy/compile-outcome.js"
import { offersOf } from "../../core/policy/offers.js"
import { passesOf } from "../../core/policy/passes.js"
import type { HostFacts, Policy } from "../../core/policy/policy.js"
import { readKernel } from "../host/kernel.js"
import { openReadiness } from "../host/netlink/readiness.js"
import { done, type Failure, failed, type Outcome } from "../host/outcome.js"
import { readOwnBypass } from "../host/own-bypass.js"
import { openNotifier } from "../host/sd-notify.js"
import type { State } from "../host/state.js"
import { type Alive, createAlive } from "./alive.js"
import { createAnnouncer } from "./announcer.js"
import { openCalledHosts } from "./called-hosts.js"
import { steadyClock } from "./clock.js"
import { type Keeper, openKeeper } from "./keeper.js"
import { openKernelBlocks } from "./kernel-blocks.js"
import { ListedByRules } from "./listed-by.js"
import type { GuardLog } from "./log.js"
import { type ListenAddress, type Metric, serveMetrics } from "./metrics.js"
import { takePrecedence } from "./precedence.js"
import type { GuardStatus } from "./protocol.js"
import { openRecentFile } from "./recent-file.js"
import { watchRules } from "./rule-watch.js"
import { enforceRules, type GuardedRules, sentencesOf } from "./rules.js"
import { claimGuard, openServer, socketPath } from "./server.js"
import { connectionSource } from "./source/connections.js"
import { counterSource } from "./source/counters.js"
import { eveSource } from "./source/eve.js"
import { loginSource } from "./source/logins.js"
import { packetSource } from "./source/packets.js"
import type { EventSource, RunningSource } from "./source/source.js"
import { ledgerFile } from "./store.js"
import { readLedgerAhead } from "./store-ahead.js"
import { createTopology } from "./topology.js"

/** A policy as the guard works with it. */
export interface GuardedPolicy extends GuardedRules {
  readonly policy: Policy
  readonly facts: HostFacts
}

export interface GuardSettings {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly state: State
  /** Reads and compiles the policy, its own or the one at a path; undefined: it has mistakes, which were reported. */
  readonly load: (path?: string) => GuardedPolicy | undefined
  /** The administrators' sessions that the rules would cut, each in a sentence. */
  readonly rehearse: (rules: GuardedPolicy) => readonly string[]
  readonly log: GuardLog
  readonly metrics?: ListenAddress
  /** A file, or `unix:PATH`. */
  readonly eve?: string
  /** `journal`, or a file; absent: logins are not looked at. */
  readonly logins?: string
  readonly hook?: string
  readonly webhook?: string
}

export interface Guard {
  /** What it watches, in a few words. */
  readonly watches: string
  reload(): void
  /** Ends when the guard has been asked to stop, by whomever; `remove`: and the rules shall go. */
  readonly stopped: Promise<{ readonly remove: boolean }>
  /** `last` is done when nothing watches the rules any more. */
  stop(last: () => void): Promise<void>
}

const TABLE = "floodwall"
const PLACE = `inet ${TABLE}`
/** Milliseconds. */
const SETTLE = 200
const PATIENCE = 15_000
const REFRESH = 30_000
const TICK = 1000
const SAVE_CALLS = 300_000
const NOTICES_MAXIMUM = 20
const LOST_TOLD_EVERY = 600_000

/**
 * The guard: events in, findings out, blocks into the kernel. Everything that packets of strangers can cause is bounded: the rules log at a bounded rate, sources read for a share of the
 * time, detectors remember so many, and blocks end by themselves.
 */
export async function startGuard(settings: GuardSettings, first: GuardedPolicy): Promise<Outcome<Guard>> {
  takePrecedence()
  const { log, environment, state } = settings
  const started = new Date()
  const notices: string[] = []
  const sources: {
    readonly source: EventSource
    readonly running?: RunningSource
    readonly trouble?: string
  }[] = []
  let current = first
  let findings = 0
  let lostToldNext = 0
  const lostBefore = new Map<EventSource, number>()
  let isStopping = false
  let askStop: (how: { readonly remove: boolean }) => void = () => {}
  const stopped = new Promise<{ readonly remove: boolean }>((resolve) => {
    askStop = resolve
  })

  const notice = (text: string) => {
    log.warn(text)
    notices.push(`${new Date().toISOString()} ${text}`)
    if (notices.length > NOTICES_MAXIMUM) notices.shift()
    keeper?.note(text)
  }
  const tell = (text: string) => {
    log.info(text)
    keeper?.note(text)
  }
  let keeper: Keeper | undefined

  const alone = await claimGuard(socketPath(environment))
  if (failed(alone)) return alone
  const reading = readLedgerAhead(join(state.folder, ledgerFile))
  const hadTable = !failed(readOwnBypass())
  const enforced = await soon(() => enforceRules(first, state, () => settings.rehearse(first)))
  if (failed(enforced)) {
    if (!isUnwritten(enforced.failure) || !areInForce()) return enforced
    notice(
      `the rules that are in force stay as they are: ${sentencesOf(enforced.failure.diagnostics).join("; ")}`,
    )
  } else if (enforced.value === "trial") notice("rules are on trial: they are left to whoever tries them")
  const opened = openReadiness((error) => log.error(`a source failed: ${(error as Error)?.stack ?? error}`))
  if (failed(opened)) return opened
  const readiness = opened.value
  const kernelBlocks = openKernelBlocks(TABLE)
  if (failed(kernelBlocks)) return kernelBlocks
  const announcer = createAnnouncer(
    {
      host: hostname(),
      clock: Date.now,
      ...(settings.hook !== undefined && { hook: settings.hook }),
      ...(settings.webhook !== undefined && { webhook: settings.webhook }),
    },
    log,
  )
  const alive = createAlive()
  const calledHosts = openCalledHosts(state.folder)
  const services = openRecentFile(state.folder, "services")
  const listedBy = new ListedByRules(() => current.policy)
  const topology = createTopology(() => current.policy)
  const status = (): Omit<GuardStatus, "blocked" | "wouldBeBlocked"> => ({
    pid: process.pid,
    since: started.toISOString(),
    policy: resolve(current.path),
    sources: sources.map(({ source, running, trouble }) => ({
      name: source.name,
      state: running?.state ?? trouble ?? "",
      events: running?.events ?? 0,
      lost: running?.lost ?? 0,
    })),
    notices,
  })
  let ahead = await reading
  // A command that works without a guard has the ledger for a moment.
  const keeping = await soon(() =>
    openKeeper({
      environment,
      log,
      notice,
      announcer,
      kernel: kernelBlocks.value,
      alive,
      calledHosts,
      listedBy: listedBy.of,
      policy: () => current.policy,
      facts: () => current.facts,
      status,
      stateFolder: state.folder,
      ahead: () => ahead,
      reload,
      follow: (path) => rules.follow(path),
      stop: (remove) => askStop({ remove }),
    }),
  )
  ahead = undefined
  if (failed(keeping)) return keeping
  keeper = keeping.value

  const onFinding = (finding: Finding) => {
    findings++
    keeper?.finding(finding, detection)
  }
  const offers = () => offersOf(current.policy, current.facts)
  const detection = new Detection(
    current.policy.detect,
    { sees: "some", offers: offers(), services: services.recent },
    onFinding,
  )
  const emit = (event: Event) => {
    calledHosts.take(event)
    if (event.event === "answer" && event.answer === "open") services.changed()
    detection.take(event)
  }

  const server = await openServer(
    socketPath(environment),
    (request, client) => keeper!.answer(request, client),
    notice,
  )
  if (failed(server)) return server
  keeper.agree()

  const clock = steadyClock()
  for (const source of wantedSources(settings, alive, listedBy, () => current.policy)) {
    const running = source.start({ emit, clock, readiness, topology, notice })
    if (failed(running)) {
      const why = sentencesOf(running.failure.diagnostics).join("; ")
      notice(`${source.name} is not read: ${why}`)
      sources.push({ source, trouble: why })
    } else sources.push({ source, running: running.value })
  }

  const rules = watchRules<GuardedPolicy>({
    state,
    table: TABLE,
    ownPorts: [kernelBlocks.value.port],
    readiness,
    own: resolve(first.path),
    hadTable,
    current: () => current,
    load: settings.load,
    take,
    agree: () => keeper?.agree(),
    folderAgain() {
      calledHosts.lost()
      services.lost()
    },
    notice,
    tell,
  })
  const metrics = settings.metrics && serveMetrics(settings.metrics, () => collect(), notice)
  const notifier = openNotifier(environment)
  const timers = [
    setInterval(() => topology.refresh(), REFRESH),
    setInterval(() => {
      rules.tick()
      keeper?.tick()
      server.value.stay()
      tellLost()
    }, TICK),
    setInterval(() => {
      void calledHosts.save()
      void services.save()
    }, SAVE_CALLS),
    ...(notifier.watchdog === undefined
      ? []
      : [setInterval(() => notifier.tell("WATCHDOG=1"), notifier.watchdog / 3)]),
  ]
  const watches = describeWatch()
  notifier.tell("READY=1", `STATUS=watching ${watches}`)

  return done({
    watches,
    reload,
    stopped,
    async stop(last) {
      if (isStopping) return
      isStopping = true
      notifier.tell("STOPPING=1")
      for (const timer of timers) clearInterval(timer)
      for (const { running } of sources) running?.stop()
      rules.close()
      last()
      metrics?.close()
      metrics?.closeAllConnections()
      await announcer.stop()
      calledHosts.saveNow()
      services.saveNow()
      keeper?.close()
      kernelBlocks.value.close()
      readiness.close()
      notifier.close()
      // Whoever asked for the end waits until nobody listens any more, and may start the next one then.
      alone.value.release()
      server.value.close()
    },
  })

  /** The policy anew; what the guard knows of sources, blocks and connections stays. A policy with mistakes changes nothing. */
  function reload(): void {
    notifier.tell("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)
    const loaded = settings.load()
    if (loaded === undefined)
      notice("the policy has mistakes, or cannot be read, and the one before stays in force")
    else {
      const applied = enforceRules(loaded, state, () => settings.rehearse(loaded))
      if (failed(applied))
        notice(`the rules stay as they are: ${sentencesOf(applied.failure.diagnostics).join("; ")}`)
      else if (applied.value === "trial")
        notice("the policy was not read anew: rules are on trial; reload it when that is over")
      else {
        take(loaded)
        log.info({ policy: loaded.path, rules: applied.value }, "the policy was read anew")
      }
    }
    notifier.tell("READY=1", `STATUS=watching ${describeWatch()}`)
  }

  /** In a flood a source reads less than there is: that is so by intent, and said now and then. */
  function tellLost(): void {
    if (performance.now() < lostToldNext) return
    for (const { source, running } of sources) {
      const lost = running?.lost ?? 0
      if (lost <= (lostBefore.get(source) ?? 0)) continue
      lostBefore.set(source, lost)
      lostToldNext = performance.now() + LOST_TOLD_EVERY
      tell(
        `more came than ${source.name} could tell of (${lost} lost so far): a flood, or a busy machine. What is kept out stays so, and the rules count everything`,
      )
    }
  }

  /** Works by this policy from now on. How many were let out by it. */
  function take(policy: GuardedPolicy): number {
    current = policy
    detection.reconfigure(current.policy.detect, offers())
    topology.refresh()
    return keeper?.reloaded() ?? 0
  }

  function describeWatch(): string {
    const reading = sources.filter(({ running }) => running).map(({ source }) => source.reads)
    const detectors = current.policy.detect.map(({ name }) => name)
    return `${reading.join(", ")} for ${detectors.join(", ") || "nothing: the policy has no detectors"}`
  }

  function collect(): readonly Metric[] {
    const each = (pick: (running: RunningSource) => number) =>
      sources.flatMap(({ source, running }) =>
        running ? [{ labels: { source: source.name }, value: pick(running) }] : [],
      )
    return [
      {
        name: "floodwall_events_total",
        kind: "counter",
        help: "Events by source.",
        values: each(({ events }) => events),
      },
      {
        name: "floodwall_events_lost_total",
        kind: "counter",
        help: "Events that a source knows to have missed.",
        values: each(({ lost }) => lost),
      },
      {
        name: "floodwall_findings_total",
        kind: "counter",
        help: "Findings of all detectors.",
        values: [{ value: findings }],
      },
      {
        name: "floodwall_rules_put_back_total",
        kind: "counter",
        help: "How often rules that somebody else had taken away were put back.",
        values: [{ value: rules.putBack }],
      },
      {
        name: "floodwall_resident_memory_bytes",
        kind: "gauge",
        help: "Memory of the guard.",
        values: [{ value: process.memoryUsage.rss() }],
      },
      ...(keeper?.metrics() ?? []),
    ]
  }
}

/** A disk that is full or read-only. */
function isUnwritten({ diagnostics }: Failure): boolean {
  return diagnostics.some(({ id }) => id === "no-state-folder")
}

function areInForce(): boolean {
  const kernel = readKernel()
  return !failed(kernel) && kernel.value.inForce !== null
}

/** Another floodwall that is at work is done in a moment. */
async function soon<Value>(attempt: () => Outcome<Value>): Promise<Outcome<Value>> {
  for (const until = performance.now() + PATIENCE; ; ) {
    const outcome = attempt()
    const isBusy =
      failed(outcome) &&
      outcome.failure.diagnostics.some(({ id }) => id === "already-running" || id === "ledger-in-use")
    if (!isBusy || performance.now() > until) return outcome
    await new Promise((resolve) => setTimeout(resolve, SETTLE))
  }
}

function wantedSources(
  { eve, logins }: GuardSettings,
  alive: Alive,
  listedBy: ListedByRules,
  policy: () => Policy,
): readonly EventSource[] {
  return [
    packetSource(logGroup, (flow, protection) => listedBy.note(flow, protection)),
    connectionSource(alive),
    counterSource(PLACE, (zone, protection) => passesOf(policy(), zone, protection)),
    ...(eve === undefined ? [] : [eveSource(eve)]),
    ...(logins === undefined ? [] : [loginSource(logins)]),
  ]
}

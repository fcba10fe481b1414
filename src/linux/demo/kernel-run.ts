import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { gatherFacts } from "../host/facts.js"
import { address, createLaboratory, type Laboratory } from "../host/namespace/laboratory.js"
import { createReferee, type Referee } from "../host/namespace/referee.js"
import { compare } from "./agreement.js"
import { compileDemo } from "./compile.js"
import type { Exchange } from "./peer.js"
import { demoPolicy } from "./policy.js"
import { type Tally, tally } from "./tally.js"
import type { Act, ActFrame } from "./traffic/act.js"
import { laboratorySizes } from "./traffic/attacks.js"
import { everything } from "./traffic/everything.js"

export interface KernelRun {
  readonly tally: Tally
  readonly rules: number
  /** What was sent to the firewall, all told. */
  readonly packets: number
}

export interface Programs {
  /** This program, to be started again in another role. */
  readonly demo: string
  readonly floodwall: string
}

/**
 * The main job in a laboratory: three hosts, the default policy applied to the firewall's kernel by the command that users type, all traffic, and what became of it.
 * Throws a sentence where a step fails.
 */
export async function runInKernel(programs: Programs, say: (text: string) => void): Promise<KernelRun> {
  const state = mkdtempSync(join(tmpdir(), "floodwall-demo-"))
  const laboratory = createLaboratory({ hosts: "live" })
  try {
    say("Three hosts in network namespaces: outside, firewall, inside.")
    await Promise.all(
      [laboratory.firewall, laboratory.inside].map((host) => startServer(host, programs.demo)),
    )
    const ruleset = compileDemo(laboratory.firewall.namespace.inside(gatherFacts))
    apply(laboratory, programs.floodwall, state)
    const rules = laboratory.firewall.run("nft", ["list", "table", "inet", "floodwall"]).stdout
    say("The default policy is in the firewall's kernel. Honest hosts and attackers send …")

    const referee = createReferee(laboratory, { megabytes: 96, until: "forward" })
    const notices = laboratory.firewall.log(NOTICES)
    const exchanges = await askFromOutside(laboratory, programs.demo, referee)
    const acts = everything(laboratorySizes)
    for (const act of acts) play(laboratory, act, referee)
    const arrivals = referee.finish()
    const told = new Set(notices.read().flatMap(({ prefix }) => noticeOf(prefix)))
    say("The engine gets the capture of the same run …")
    const { comparisons } = compare(ruleset, arrivals)
    return {
      tally: tally(acts, comparisons, { exchanges, told }),
      rules: rules.split("\n").filter((line) => /\b(drop|accept|return|jump|goto|vmap)\b/.test(line)).length,
      packets: arrivals.filter(({ own }) => !own).length,
    }
  } finally {
    laboratory.close()
    rmSync(state, { recursive: true, force: true })
  }
}

/** The log group of the policy's own notices. */
const NOTICES = 7

/** `floodwall wan connections notify` → connections. */
export function noticeOf(prefix: string): string[] {
  const [program, , protection, action] = prefix.split(" ")
  return program === "floodwall" && action === "notify" && protection ? [protection] : []
}

async function startServer(host: Laboratory["firewall"], demo: string): Promise<void> {
  const server = host.namespace.spawn(process.execPath, [demo, "serve"], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const ready = once(server.stdout!, "data").then(() => "ready")
  const ended = once(server, "exit").then(() => "ended")
  if ((await Promise.race([ready, ended, sleep(5000, "slow")])) !== "ready")
    throw new Error(`the server on the ${host.name} host did not start`)
}

function apply(laboratory: Laboratory, floodwall: string, state: string): void {
  const applied = laboratory.firewall.run(
    process.execPath,
    [floodwall, "apply", "-", "--keep", "--warm-up", "0s"],
    { input: demoPolicy, fails: "allowed", environment: { FLOODWALL_STATE: state } },
  )
  if (applied.status !== 0) throw new Error(`apply failed (exit ${applied.status}): ${applied.stderr.trim()}`)
}

/** Real sockets outside ask real sockets here and inside; the referee reads meanwhile. */
async function askFromOutside(laboratory: Laboratory, demo: string, referee: Referee): Promise<Exchange[]> {
  const addresses = [address.wan, address.inside].flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])
  const asker = laboratory.outside.namespace.spawn(process.execPath, [demo, "ask", ...addresses], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const timer = setInterval(referee.poll, 20)
  try {
    const [text] = await Promise.all([textOf(asker), once(asker, "exit")])
    return JSON.parse(text) as Exchange[]
  } finally {
    clearInterval(timer)
  }
}

async function textOf(child: ChildProcess): Promise<string> {
  let text = ""
  for await (const part of child.stdout!.setEncoding("utf8")) text += part
  return text
}

/** Sends an act's frames from where each comes, in order, as fast as they go. */
function play(laboratory: Laboratory, { frames }: Act, referee: Referee): void {
  let from = 0
  while (from < frames.length) {
    const { side } = frames[from]!
    let until = from + 1
    while (until < frames.length && frames[until]!.side === side) until++
    if (side !== "firewall") send(laboratory[side], frames.slice(from, until), referee)
    from = until
  }
}

function send(host: Laboratory["outside"], frames: readonly ActFrame[], { poll }: Referee): void {
  host.sender("eth0").send(
    frames.map(({ bytes }) => ({ bytes })),
    { batch: 512, between: poll },
  )
}

import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { setTimeout as pause } from "node:timers/promises"
import type { Block } from "../../src/core/block/block.js"
import type { Change } from "../../src/core/block/ledger.js"
import { readClock } from "../../src/linux/daemon/clock.js"
import { openKernelBlocks } from "../../src/linux/daemon/kernel-blocks.js"
import { openStore } from "../../src/linux/daemon/store.js"
import { failed } from "../../src/linux/host/outcome.js"
import { createGuardedHost, type GuardedHost } from "./guarded-host.js"

const policyText =
  "version: 1\ninterfaces: { wan: wan0 }\nprotect:\n  wan: { preset: default, open: [ssh] }\n"

export interface Start {
  readonly what: string
  /** Milliseconds from the process's start until it watches, which is after all blocks are in the kernel. */
  readonly wall: number
  /** Of processor time, the kernel's and that of programs which it waited for included: what counts where others work beside it. */
  readonly processor: number
  /** What is in the kernel's sets then. */
  readonly kept: number
}

/** Starts of the guard with an empty ledger, then with so many live blocks and empty sets, as after a boot, then with all of them in the sets already. `self`: this script, to be started with `--fill FOLDER`. */
export async function ledgerLoad(program: string, count: number, self: string): Promise<readonly Start[]> {
  const host = createGuardedHost(program, policyText)
  try {
    const starts = [await startOf(host, "an empty ledger")]
    fillElsewhere(host, count, self)
    starts.push(await startOf(host, `${count.toLocaleString("en")} blocks, empty sets`))
    starts.push(await startOf(host, "the same, sets full"))
    return starts
  } finally {
    host.close()
  }
}

/** Milliseconds from `nft flush ruleset` by somebody else until the rules are there again, and all blocks with them. */
export async function flushed(
  program: string,
  count: number,
  self: string,
): Promise<{ readonly rules: number; readonly blocks: number }> {
  const host = createGuardedHost(program, policyText)
  try {
    await startOf(host, "once, so that there is a state")
    fillElsewhere(host, count, self)
    await host.run("--log", "json").watching
    const { firewall } = host.laboratory
    const kernel = firewall.namespace.inside(() => openKernelBlocks("floodwall"))
    if (failed(kernel)) throw new Error("netlink")
    firewall.run("nft", ["flush", "ruleset"])
    const start = performance.now()
    let rules = Number.NaN
    for (;;) {
      const listed = kernel.value.list()
      const since = performance.now() - start
      if (!failed(listed) && Number.isNaN(rules)) rules = since
      if (!failed(listed) && listed.value.length >= count) return { rules, blocks: since }
      if (since > 30_000) throw new Error("not all are back after half a minute")
      await pause(20)
    }
  } finally {
    host.close()
  }
}

/** In a process of its own, whose end is the end of the database's lock. */
function fillElsewhere(host: GuardedHost, count: number, self: string): void {
  const filled = spawnSync(process.execPath, [self, "--fill", host.state, "--blocks", String(count)], {
    stdio: "inherit",
  })
  if (filled.status !== 0) throw new Error("the ledger could not be filled")
}

async function startOf(host: GuardedHost, what: string): Promise<Start> {
  const { child, watching } = host.run("--log", "json")
  const wall = await watching
  const processor = processorTime(child.pid)
  const ended = new Promise((resolve) => child.once("close", resolve))
  child.kill("SIGKILL")
  await ended
  const kernel = host.laboratory.firewall.namespace.inside(() => openKernelBlocks("floodwall"))
  if (failed(kernel)) throw new Error("netlink")
  const listed = kernel.value.list()
  kernel.value.close()
  return { what, wall, processor, kept: failed(listed) ? Number.NaN : listed.value.length }
}

/** Nineteen of twenty are IPv4 hosts, the others /64 of IPv6, as a list of attackers is. */
export function fillLedger(folder: string, count: number): void {
  const opened = openStore(folder, "now")
  if (failed(opened)) throw new Error(JSON.stringify(opened.failure))
  const { store } = opened.value
  const clock = readClock()
  const changes: Change[] = []
  for (let index = 0; index < count; index++) {
    const isLong = index % 20 === 19
    const words = isLong ? [0x20010db8, index, 0, 0] : [0x0a000001 + index * 7]
    const block: Block = {
      source: { address: { family: isLong ? 6 : 4, words }, length: isLong ? 64 : 32 },
      scope: "everything",
      by: "detector",
      kind: "port-scan",
      why: "tried 20 or more closed TCP ports (its address is its own)",
      since: clock.wall,
      until: clock.wall + 3600 + (index % 7200),
      times: 1,
      droppedPackets: 0,
      droppedBytes: 0,
    }
    changes.push(
      { change: "set", block },
      { change: "past", past: { source: block.source, times: 1, end: block.until } },
    )
  }
  const trouble = store.write(changes, [], clock)
  if (trouble !== undefined) throw new Error(trouble)
  store.close()
}

/** Milliseconds that a process and its ended children have used: utime to cstime of proc(5)'s stat, in hundredths of a second. */
function processorTime(pid: number | undefined): number {
  const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")
  const words = fields.split(" ")
  return 10 * words.slice(11, 15).reduce((sum, word) => sum + Number(word), 0)
}

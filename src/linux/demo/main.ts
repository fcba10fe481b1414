import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { styleFor } from "../cli/style.js"
import { formatCount } from "../cli/text.js"
import { laboratoryTrouble, userNamespaceTrouble } from "../host/namespace/trouble.js"
import { runInEngine } from "./engine-run.js"
import { runInKernel } from "./kernel-run.js"
import { drawTable } from "./table.js"
import type { Tally } from "./tally.js"

export interface Places {
  /** The bundle, which a peer is started from; bin/floodwall; the folder of captures. */
  readonly demo: string
  readonly floodwall: string
  readonly samples: string
}

/** Set in the process that runs inside `unshare`, so that it does not ask again. */
const INSIDE = "FLOODWALL_UNSHARED"

const SAMPLE = "laboratory.pcapng.gz"

const usage = `npm start -- [--once] [--json] [--engine]

Shows what Floodwall does, with no risk to this host: three hosts in network namespaces, the default policy in the
kernel of the one in the middle, honest traffic and attacks, and what became of each.

  --once     end after the table; exit 1 where honest traffic was harmed, an attack got through, or engine and kernel differ
  --json     print the same for programs
  --engine   no kernel: the engine alone, on the capture that comes with the project
`

/** The exit status. */
export async function main(words: readonly string[], places: Places): Promise<number> {
  const unknown = words.find((word) => !["--once", "--json", "--engine", "--help", "-h"].includes(word))
  if (unknown !== undefined || words.includes("--help") || words.includes("-h")) {
    if (unknown !== undefined) process.stderr.write(`npm start: no such word: ${unknown}\n\n`)
    ;(unknown === undefined ? process.stdout : process.stderr).write(usage)
    return unknown === undefined ? 0 : 2
  }
  const json = words.includes("--json")
  const say = (text: string) => {
    if (!json) process.stdout.write(`${text}\n`)
  }
  const trouble = words.includes("--engine") ? "asked to do without (--engine)" : laboratoryTrouble()
  if (trouble === null) return inKernel(places, json, say)
  if (!words.includes("--engine") && process.env[INSIDE] === undefined && userNamespaceTrouble() === null) {
    const again = spawnSync("unshare", ["-Urnm", process.execPath, ...process.argv.slice(1)], {
      stdio: "inherit",
      env: { ...process.env, [INSIDE]: "1" },
    })
    if (again.status !== null) return again.status
  }
  return onEngineAlone(places, trouble, json, say)
}

async function inKernel(places: Places, json: boolean, say: (text: string) => void): Promise<number> {
  const begun = performance.now()
  const { tally, rules, packets } = await runInKernel(places, say)
  const seconds = (performance.now() - begun) / 1000
  const wrong = troubles(tally)
  if (json)
    process.stdout.write(
      `${JSON.stringify({ kernel: true, packets, seconds, wrong, ...result(tally) }, null, 2)}\n`,
    )
  const compared = tally.rows.reduce((sum, row) => sum + row.compared, 0)
  say("")
  say(drawTable(tally, style(), true))
  say("")
  say(
    `${formatCount(packets)} packets, ${rules} rules, ${seconds.toFixed(1)} s. The kernel dropped or let through each of ${formatCount(compared)}, and the engine ${
      tally.differences.length === 0
        ? "said the same of every one."
        : `differs on ${tally.differences.length}.`
    }`,
  )
  if (tally.exchanged > 0)
    say(
      style().faint(
        `(${tally.exchanged} of them changed places with a neighbour some milliseconds away at most, when a limit let the next one pass: kernel and capture ask the clock one after the other.)`,
      ),
    )
  return conclude(wrong, say)
}

async function onEngineAlone(
  places: Places,
  trouble: string,
  json: boolean,
  say: (text: string) => void,
): Promise<number> {
  say(`Without the kernel: ${trouble}. The engine alone, on ${SAMPLE}:`)
  const { tally, packets } = await runInEngine(join(places.samples, SAMPLE))
  const wrong = troubles(tally)
  if (json)
    process.stdout.write(
      `${JSON.stringify({ kernel: false, why: trouble, packets, wrong, ...result(tally) }, null, 2)}\n`,
    )
  say("")
  say(drawTable(tally, style(), false))
  say("")
  say(`${formatCount(packets)} packets, judged by the engine in user space.`)
  return conclude(wrong, say)
}

function result({ rows, other }: Tally) {
  return { rows, other }
}

function troubles({ rows, other }: Tally): string[] {
  const list = rows
    .filter(({ trouble }) => trouble !== "")
    .map(({ kind, family, trouble }) => `${kind} (IPv${family}): ${trouble}`)
  if (other.differ > 0)
    list.push(`kernel and engine differ on ${other.differ} packets of the hosts' own accord`)
  return list
}

function conclude(wrong: readonly string[], say: (text: string) => void): number {
  const { bad, good, name } = style()
  if (wrong.length > 0) say(`${bad("Not as it should be:")}\n${wrong.map((line) => `  ${line}`).join("\n")}`)
  else say(good("No honest packet was dropped, and no attack got past its limit."))
  say(`
What next:
  A capture by a policy; try one of your own (samples/README.md has more):
    ${name("bin/floodwall replay samples/ssh-brute-force.pcap.gz --policy samples/ssh-brute-force.yaml --local 192.0.2.80")}
  A policy for this host, to read and to change, and every mistake of it at once:
    ${name("bin/floodwall init > floodwall.yaml && bin/floodwall check")}
  Into the kernel; it undoes itself unless you confirm:
    ${name("sudo install -D -m 644 floodwall.yaml /etc/floodwall/policy.yaml")}
    ${name("sudo bin/floodwall apply /etc/floodwall/policy.yaml")}`)
  return wrong.length > 0 ? 1 : 0
}

function style() {
  return styleFor(process.stdout.isTTY === true, process.env)
}

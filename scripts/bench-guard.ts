/**
 * How fast the guard is, in network namespaces of its own:
 *
 *     npm run bench:guard [-- --findings 300 --blocks 100000 --only latency|load|flush --program FILE]
 *
 * From the packet that completes a finding to its source in the kernel's set, and from the start with a long ledger until all of it is in the kernel, and
 * from somebody else's flush until everything is back.
 */
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { laboratoryTrouble } from "../src/linux/host/namespace/trouble.js"
import { findingToBlock } from "./bench-guard/finding-to-block.js"
import { fillLedger, flushed, ledgerLoad } from "./bench-guard/ledger-load.js"

const { values } = parseArgs({
  options: {
    findings: { type: "string", default: "300" },
    blocks: { type: "string", default: "100000" },
    only: { type: "string" },
    /** A state folder: its ledger gets so many blocks, and nothing is measured. */
    fill: { type: "string" },
    program: { type: "string", default: join(import.meta.dirname, "..", "bin", "floodwall") },
  },
})

if (values.fill !== undefined) {
  fillLedger(values.fill, Number(values.blocks))
  process.exit()
}

const trouble = laboratoryTrouble()
if (trouble !== null) {
  process.stderr.write(`nothing can be measured here: ${trouble}\n`)
  process.exit(3)
}

if (isAsked("latency")) {
  say("from a finding's last packet to the kernel's set, ms\n")
  say(`${"".padEnd(34)}${["median", "p95", "p99", "most", "none"].map((word) => word.padStart(8)).join("")}`)
  for (const hasLoad of [false, true]) {
    for (const path of ["nflog", "conntrack"] as const) {
      const { median, p95, p99, most, missing } = await findingToBlock(
        values.program,
        path,
        Number(values.findings),
        hasLoad,
      )
      const name = `${path}, ${hasLoad ? "flood and busy disk" : "quiet"}`
      say(
        `${name.padEnd(34)}${[median, p95, p99, most].map((each) => each.toFixed(1).padStart(8)).join("")}${String(missing).padStart(8)}`,
      )
    }
  }
}

if (isAsked("load")) {
  say("\nfrom the guard's start until it watches, all blocks in the kernel, ms\n")
  say(`${"".padEnd(34)}${["wall", "processor", "kept"].map((word) => word.padStart(11)).join("")}`)
  for (const { what, wall, processor, kept } of await ledgerLoad(
    values.program,
    Number(values.blocks),
    fileURLToPath(import.meta.url),
  ))
    say(`${what.padEnd(34)}${[wall, processor, kept].map((each) => each.toFixed(0).padStart(11)).join("")}`)
}

if (isAsked("flush")) {
  const blocks = Math.min(10_000, Number(values.blocks))
  const back = await flushed(values.program, blocks, fileURLToPath(import.meta.url))
  say(
    `\nafter somebody else's flush the rules are back in ${back.rules.toFixed(0)} ms, and ${blocks} blocks in ${back.blocks.toFixed(0)} ms`,
  )
}

function isAsked(part: string): boolean {
  return values.only === undefined || values.only === part
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

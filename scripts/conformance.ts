/**
 * How Floodwall compares with the kernel and with other programs; writes docs/conformance.md.
 *
 *     npm run conformance                       random rules × random traffic, engine against kernel
 *     npm run conformance -- CORPUS             and what a folder of captures, rules and labels says
 *     npm run conformance -- --seed 7 --runs 20 these random cases; nothing is written
 *     npm run conformance -- --replay FILE      one case that differed; with --shrink 1 made small first
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { release } from "node:os"
import { parseArgs } from "node:util"
import { laboratoryTrouble } from "../src/linux/host/namespace/trouble.js"
import { corpusScores } from "./conformance/corpus-scores.js"
import { printScore, writePage } from "./conformance/page.js"
import { caseFromJson } from "./conformance/random/case.js"
import { families } from "./conformance/random/families.js"
import {
  isDifferent,
  judgedLine,
  randomScore,
  report,
  runRandom,
  shrinkCase,
} from "./conformance/random/referee-score.js"
import { runCase } from "./conformance/random/run-case.js"
import type { Score } from "./conformance/score.js"

const PAGE = "docs/conformance.md"
const FAILURES = "dist/conformance"
const usage = `usage: npm run conformance -- [CORPUS] [--seed N] [--runs N] [--family NAME] [--shrink N] [--only NAME] [--list NAME WORD] [--replay FILE] [--write]
sections: random ${Object.keys(corpusScores).join(" ")}; families: ${families.map(({ name }) => name).join(" ")}
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    runs: { type: "string" },
    family: { type: "string", multiple: true },
    shrink: { type: "string" },
    only: { type: "string", multiple: true },
    list: { type: "string" },
    replay: { type: "string" },
    write: { type: "boolean" },
    help: { type: "boolean" },
  },
})

if (values.help) process.stdout.write(usage)
else if (values.replay !== undefined) replay(values.replay)
else await measure()

function replay(path: string): void {
  const read = caseFromJson(readFileSync(path, "utf8"))
  const one = values.shrink === undefined ? read : shrinkCase(read, runCase(read))
  for (const { command, text } of one.loads) process.stdout.write(`# ${command}\n${text}`)
  const outcome = runCase(one)
  for (const each of outcome.judged) process.stdout.write(`${judgedLine(each)}\n`)
  process.stdout.write(`${report(one, outcome, undefined)}\n`)
  process.exitCode = outcome.refused !== null || outcome.unreadable !== null || isDifferent(outcome) ? 1 : 0
}

async function measure(): Promise<void> {
  const [corpus, word] = positionals
  const isAsked = (name: string) =>
    values.list === undefined ? (values.only ?? [name]).includes(name) : values.list === name
  const scores: Score[] = []
  if (corpus !== undefined)
    for (const [name, score] of Object.entries(corpusScores))
      if (isAsked(name)) {
        const made = await score(corpus)
        process.stdout.write(`${printScore(made)}\n`)
        if (values.list === name) list(made, word)
        scores.push(made)
      }
  if (isAsked("random")) {
    const trouble = laboratoryTrouble()
    if (trouble === null) scores.push(random())
    else process.stderr.write(`random rules need the kernel: ${trouble}\n`)
  }
  const isPart =
    values.seed !== undefined ||
    values.runs !== undefined ||
    values.family !== undefined ||
    values.list !== undefined
  if (isPart && !values.write) return
  const before = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : ""
  const about = {
    date: new Date().toISOString().slice(0, 10),
    kernel: kernelVersion(),
    command: `\`npm run conformance${corpus === undefined ? "" : " -- CORPUS"}\``,
  }
  writeFileSync(PAGE, writePage(before, scores, ["random", ...Object.keys(corpusScores)], about))
  process.stdout.write(`${PAGE} is written\n`)
}

function list({ differences }: Score, word = ""): void {
  for (const line of differences) if (line.startsWith(word)) process.stdout.write(`${line}\n`)
}

function random(): Score {
  const seed = Number(values.seed ?? 1)
  const runs = Number(values.runs ?? 600)
  const asked = families.filter(({ name }) => values.family?.includes(name) ?? true)
  const begun = performance.now()
  const isTerminal = process.stderr.isTTY
  const result = runRandom({
    families: asked,
    seed,
    runs,
    folder: FAILURES,
    shrunk: Number(values.shrink ?? 5),
    onProgress: (done, all) => {
      if (!isTerminal) {
        if (done % 50 === 0) process.stderr.write(`${done} of ${all} rulesets\n`)
        return
      }
      const left = ((performance.now() - begun) / done / 1000) * (all - done)
      process.stderr.write(
        `\r${done} of ${all} rulesets, ${Math.ceil(left)} s left   ${done === all ? "\n" : ""}`,
      )
    },
  })
  for (const text of result.reports) process.stdout.write(`${text}\n`)
  const score = randomScore(result, { seed, runs, kernel: kernelVersion() })
  process.stdout.write(`${printScore(score)}\n`)
  return score
}

/** Without what a builder hung on it. */
function kernelVersion(): string {
  return release().replace(/-.*/, "")
}

import { stepsToText } from "../src/core/ruleset/kinds.js"
import { describePacket } from "./conformance/random/judge.js"
import { nftCase } from "./conformance/random/make-case.js"
import { shrink } from "./conformance/random/shrink.js"
import { runCase } from "./conformance/random/run-case.js"

const isBad = (o: ReturnType<typeof runCase>) => o.refused === null && o.unreadable === null && (o.rules.different.length > 0 || o.judged.some(({ same }) => !same))
if (process.argv[2] === "shrink") {
  const small = shrink(nftCase(Number(process.argv[3])), (one) => isBad(runCase(one)), 200)
  const o = runCase(small)
  console.log(small.loads[0]!.text)
  for (const j of o.judged) console.log(j.same, "kernel", j.kernel, j.states.kernel, "engine", j.engine, j.states.engine, j.why, describePacket(j.arrival), Buffer.from(j.arrival.frame.bytes).toString("hex"))
  console.log(o.rules.different, small.conntrack)
  process.exit(0)
}
const [from = "1", runs = "5", verbose] = process.argv.slice(2)
let packets = 0,
  same = 0,
  refused = 0,
  rules = 0,
  matched = 0,
  different = 0,
  dropped = 0
const begin = performance.now()
for (let seed = Number(from); seed < Number(from) + Number(runs); seed++) {
  const one = nftCase(seed)
  const outcome = runCase(one)
  if (outcome.refused !== null) {
    refused++
    console.log(seed, "refused", outcome.refused.slice(0, 400))
    continue
  }
  if (outcome.unreadable !== null) {
    console.log(seed, "unreadable", outcome.unreadable)
    continue
  }
  packets += outcome.judged.length
  rules += outcome.rules.all
  matched += outcome.rules.matched
  different += outcome.rules.different.length
  const bad = outcome.judged.filter((each) => !each.same)
  same += outcome.judged.length - bad.length
  dropped += outcome.judged.filter(({ kernel }) => kernel !== "through").length
  if (bad.length > 0 || outcome.rules.different.length > 0) {
    console.log(
      `seed ${seed}: ${bad.length} of ${outcome.judged.length} differ, left ${outcome.left}, counters ${outcome.rules.different.length}`,
    )
    for (const each of bad.slice(0, verbose ? 30 : 3))
      console.log(
        `  kernel ${each.kernel} ${each.states.kernel}, engine ${each.engine} ${each.states.engine} ${each.why}: ${describePacket(each.arrival).slice(0, 200)}`,
      )
    for (const each of outcome.rules.different.slice(0, verbose ? 30 : 3))
      console.log(
        `  counter ${each.rule}: kernel ${each.kernel} engine ${each.engine}: ${ruleText(one, each.rule)}`,
      )
    if (verbose) console.log(one.loads[0]!.text)
  }
}
console.log({
  packets,
  same,
  share: same / packets,
  refused,
  rules,
  matched,
  different,
  dropped,
  seconds: (performance.now() - begin) / 1000,
})

function ruleText(one: ReturnType<typeof nftCase>, rule: string): string {
  const [family, table, chain, index] = rule.split(" ")
  const found = one.ruleset.tables
    .find((each) => each.family === family && each.name === table)
    ?.chains.find(({ name }) => name === chain)
  const base = found?.base ? `[${found.base.hook} ${found.base.priority}] ` : ""
  return (
    base +
    stepsToText(found?.rules[Number(index)]?.steps ?? []) +
    (one.conntrack === "on" ? "  (ct on)" : "  (ct auto)")
  )
}

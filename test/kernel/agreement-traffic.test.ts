import { expect } from "vitest"
import { Numbers, worlds } from "../../src/linux/demo/traffic/act.js"
import { attackActs, forgedFlood } from "../../src/linux/demo/traffic/attacks.js"
import { honestActs } from "../../src/linux/demo/traffic/honest.js"
import { compared, differences, judgeBoth } from "./support/agree.js"
import { kernelTest } from "./support/kernel-test.js"

const numbers = new Numbers()
const sizes = { flood: 300, forged: { 4: 300, 6: 300 } }

for (const world of worlds)
  for (const act of [
    ...honestActs(world, numbers),
    ...attackActs(world, numbers, sizes),
    forgedFlood(world, numbers, sizes),
  ])
    kernelTest(
      `without rules, ${act.kind}, IPv${act.family}: conntrack's states and the engine's are the same`,
      ({ laboratory }) => {
        const comparisons = judgeBoth(laboratory, { ruleset: { tables: [] } }, act.frames)
        expect(differences(comparisons)).toEqual([])
        expect(compared(comparisons)).toBeGreaterThan(0)
      },
    )

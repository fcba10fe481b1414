import { expect } from "vitest"
import { readIptables } from "../../src/core/backend/iptables/read.js"
import { renderNft } from "../../src/core/backend/nft/render.js"
import { printDraft } from "../../src/core/dialect/draft.js"
import { importKura } from "../../src/core/dialect/kura/import.js"
import { kuraRulesText } from "../../src/core/dialect/kura/rules.js"
import { compilePolicy } from "../../src/core/policy/compile.js"
import { loadPolicy } from "../../src/core/policy/load.js"
import { laboratoryFacts } from "../../src/linux/demo/engine-run.js"
import { createLaboratory, type Laboratory } from "../../src/linux/host/namespace/laboratory.js"
import { judgeBoth } from "./support/agree.js"
import { kernelTest } from "./support/kernel-test.js"
import { traffic } from "./support/traffic.js"

/**
 * Kura's own rules in the kernel, by iptables, and in a second laboratory the policy that they are imported as: the same packets, with the same end. Without fragments: what Kura
 * does to them it does by settings of the kernel. The engine must say the same of both.
 */
const whole = traffic.filter(({ bytes }) => {
  const isFour = bytes[12] === 8 && bytes[13] === 0
  return isFour && ((bytes[20]! << 8) | bytes[21]!) % 0x4000 === 0
})

for (const [form, dropped] of [
  ["all", 445],
  ["echo-requests", 428],
] as const)
  kernelTest(
    `Kura's rules for IPv4 (${form}), and the policy, end the same in the kernel`,
    ({ laboratory }) => {
      const text = kuraRulesText(4, form).replaceAll("-A PREROUTING -j", "-A PREROUTING -i wan0 -j")
      const owner = judge(laboratory, readIptables({ path: "kura", text }, 4).ruleset, () =>
        laboratory.firewall.run("iptables-restore", [], { input: text }),
      )
      const imported = importKura([{ path: "kura", text: kuraRulesText(4, form) }], {
        exact: false,
        read: (path) => ({ id: "unreadable-file", message: path }),
      })
      const environment = { read: () => ({ problem: "none" }), glob: () => [], host: laboratoryFacts }
      const draft = printDraft(imported.policy, imported.items, "Kura.")
      const { policy } = loadPolicy({ path: "policy.yaml", text: draft }, environment)
      const { ruleset } = compilePolicy(policy!, laboratoryFacts)
      const second = createLaboratory()
      try {
        const ours = judge(second, ruleset, () => second.firewall.nft(renderNft(ruleset).text))
        const differ = owner.flatMap((verdict, index) =>
          verdict === ours[index] ? [] : [`${index}: ${verdict} → ${ours[index]}`],
        )
        expect(differ).toEqual([])
        expect(owner.filter((verdict) => verdict.includes("engine"))).toEqual([])
        expect(owner.filter((verdict) => verdict === "dropped")).toHaveLength(dropped)
      } finally {
        second.close()
      }
    },
  )

/** What the kernel did with each packet; where the engine says otherwise, that is told instead. */
function judge(
  laboratory: Laboratory,
  ruleset: Parameters<typeof judgeBoth>[1]["ruleset"],
  load: () => void,
): readonly string[] {
  load()
  return judgeBoth(laboratory, { ruleset }, whole).map(({ kernel, engine, same }) =>
    same === false ? `${kernel}, and the engine ${engine.verdict}` : `${kernel}`,
  )
}

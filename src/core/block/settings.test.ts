import { describe, expect, test } from "vitest"
import { printDiagnostic } from "../base/diagnostic.js"
import { unknownHost } from "../policy/environment.js"
import { loadPolicy } from "../policy/load.js"
import { printPolicy } from "../policy/print.js"
import { ledgerDefaults } from "./ledger.js"
import { ledgerSettings } from "./settings.js"

function load(lines: string) {
  const text = `interfaces: { wan: eth0 }\nprotect: { wan: { malformed-xmas: drop } }\n${lines}\n`
  return loadPolicy(
    { path: "policy.yaml", text },
    { read: () => ({ problem: "no file" }), glob: () => [], host: unknownHost },
  )
}

const day = 86_400

describe("what a policy says of repeaters and neighbours", () => {
  test("nothing: as the ledger has it", () => {
    expect(ledgerSettings(load("").policy)).toEqual(ledgerDefaults)
    expect(ledgerSettings(undefined)).toEqual(ledgerDefaults)
  })

  test.each([
    ["repeaters: { longest: 2d }", { longest: 2 * day, forgetAfter: 7 * day }, 8],
    [
      "repeaters: { longest: 30d, forget-after: 90d }\nneighbours: 3",
      { longest: 30 * day, forgetAfter: 90 * day },
      3,
    ],
    ["repeaters: off\nneighbours: off", { longest: 0, forgetAfter: 7 * day }, 0],
    ["neighbours: 256", { longest: 7 * day, forgetAfter: 7 * day }, 256],
  ])("%s", (lines, repeaters, neighbours) => {
    const { policy, diagnostics } = load(lines)
    expect(diagnostics).toEqual([])
    expect(ledgerSettings(policy)).toEqual({ repeaters, neighbours })
    const printed = printPolicy(policy!)
    for (const word of lines.split("\n")) expect(printed).toContain(word.split(/[ :]/)[0])
    const again = loadPolicy(
      { path: "policy.yaml", text: printed },
      { read: () => ({ problem: "no file" }), glob: () => [], host: unknownHost },
    )
    expect(ledgerSettings(again.policy)).toEqual({ repeaters, neighbours })
  })

  test.each([
    ["repeaters: yes", 'repeaters takes off, or a map: { longest: 7d, forget-after: 7d }, not "yes"'],
    ["repeaters:", "nothing stands behind repeaters"],
    ["repeaters: { longest: soon }", '"soon"'],
    ["repeaters: { longets: 7d }", '"longets" is not a key of repeaters'],
    ["neighbours: 1", 'neighbours takes off, or how many offenders become one network: 2 to 256, not "1"'],
    ["neighbours: 257", "2 to 256"],
    ["neighbours: [8]", "neighbours takes off, or how many"],
  ])("%s is refused", (lines, message) => {
    const { policy, diagnostics } = load(lines)
    expect(policy).toBeUndefined()
    expect(diagnostics.map(printDiagnostic).join("\n")).toContain(message)
  })
})

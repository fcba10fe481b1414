import fc from "fast-check"
import { expect, test } from "vitest"
import { importText, loaded } from "../dialect-fixture.js"
import { exportKesl, type KeslSettings, keslIni, keslJson } from "./export.js"
import { importKesl } from "./import.js"

const texts = [
  `ActionOnDetect=Block
BlockAttackingHosts=Yes
BlockDurationMinutes=90
UseExcludeIPs=Yes
ExcludeIPs.item_0000=192.0.2.10
ExcludeIPs.item_0001=2001:db8::/64
`,
  `ActionOnDetect=Block
BlockAttackingHosts=No
BlockDurationMinutes=1
UseExcludeIPs=No
`,
  `ActionOnDetect=Notify
BlockAttackingHosts=No
BlockDurationMinutes=32768
UseExcludeIPs=No
`,
]

for (const text of texts)
  test(`what was imported is exported as it was: ${text.split("\n").slice(0, 3).join(", ")}`, () => {
    const settings = exportKesl(loaded(importText(importKesl, text)))
    expect(keslIni(settings)).toBe(text)
    expect(keslIni(exportKesl(loaded(importText(importKesl, keslJson(settings)))))).toBe(text)
  })

test("what KESL cannot say is told", () => {
  const policy = loaded(
    importText(importKesl, `${texts[0]}iptables -t mangle -I kesl_bypass -p tcp --dport 80 -j ACCEPT\n`),
  )
  expect(exportKesl(policy).unsaid).toEqual([
    "KESL has one time for all blocks: 90 minutes, and the policy has several",
    "bypass is no setting of KESL's: iptables -t mangle -I kesl_bypass … says it there",
  ])
})

const exclusion = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 254 }), fc.integer({ min: 24, max: 32 }))
    .map(([host, length]) => (length === 32 ? `203.0.113.${host}` : `198.51.${host}.0/${length}`)),
  fc.integer({ min: 1, max: 0xffff }).map((host) => `2001:db8::${host.toString(16)}`),
  fc.integer({ min: 1, max: 0xffff }).map((site) => `2001:db8:${site.toString(16)}::/64`),
)

/** Settings of which each says something: what counts for nothing is not kept. */
const settings: fc.Arbitrary<KeslSettings["settings"]> = fc
  .record({
    isNotify: fc.boolean(),
    blocks: fc.boolean(),
    minutes: fc.integer({ min: 1, max: 32_768 }),
    excluded: fc.uniqueArray(exclusion, { maxLength: 12 }),
  })
  .map(({ isNotify, blocks, minutes, excluded }) => ({
    ActionOnDetect: isNotify ? "Notify" : "Block",
    BlockAttackingHosts: blocks && !isNotify ? "Yes" : "No",
    BlockDurationMinutes: minutes,
    UseExcludeIPs: excluded.length > 0 ? "Yes" : "No",
    ExcludeIPs: excluded,
  }))

test("whatever the settings: a policy of them is exported as they were, as INI and as JSON", () => {
  fc.assert(
    fc.property(settings, fc.boolean(), (written, exact) => {
      for (const print of [keslIni, keslJson]) {
        const imported = importText(importKesl, print({ settings: written, unsaid: [] }), { exact })
        expect(imported.diagnostics).toEqual([])
        expect(exportKesl(loaded(imported)).settings).toEqual(written)
      }
    }),
    { numRuns: 60 },
  )
})

import { expect, test } from "vitest"
import { importText, loaded } from "../dialect-fixture.js"
import { exportKesl, keslIni, keslJson } from "./export.js"
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

import { expect, test } from "vitest"
import { floodwall } from "./support/floodwall.js"

test("what init proposes is a policy without mistakes, and closes nothing", () => {
  for (const preset of ["default", "strong", "watch", "kura-flooding-protection"]) {
    const proposed = floodwall(["init", "--interface", "eth0", "--preset", preset])
    expect(proposed).toMatchObject({ status: 0, error: "" })
    expect(proposed.output).toContain(`\n    preset: ${preset}\n`)
    expect(proposed.output).not.toMatch(/^ *open:/m)
    const checked = floodwall(["check", "-"], { input: proposed.output })
    expect({ preset, status: checked.status }).toEqual({ preset, status: 0 })
  }
})

test("what it proposes as comments is right too", () => {
  const { output } = floodwall(["init", "--interface", "eth0,br-*"])
  const uncommented = output.replace(/^( {4})# (?=(open|port-floods|syn-floods): )/gm, "$1")
  expect(uncommented).toMatch(/^ {4}open: \[/m)
  expect(floodwall(["check", "-"], { input: uncommented })).toMatchObject({ status: 0 })
})

test("editors get the schema", () => {
  expect(floodwall(["init"]).output).toMatch(
    /^# yaml-language-server: \$schema=\/.*\/schema\/policy\.schema\.json\n/,
  )
})

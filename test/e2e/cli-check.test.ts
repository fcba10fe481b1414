import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { floodwall, folderWith } from "./support/floodwall.js"

const good = "version: 1\ninterfaces: { wan: eth0 }\nprotect: { wan: default }\n"

const broken = `version: 1
interfaces: { wan: eth0 }
protekt: { wan: default }
protect:
  wan:
    preset: strung
    open: [ssh, htttp]
    syn-floods: 100 per second
bypass: [in tcp prt 80]
`

test("a policy without mistakes is fine", () => {
  const directory = folderWith({ "a.yaml": good })
  expect(floodwall(["check", "a.yaml"], { directory })).toEqual({
    status: 0,
    output: "a.yaml: fine\n",
    error: "",
  })
})

test("every mistake at once, with file, line, column, id and the nearest word", () => {
  const directory = folderWith({ "bad.yaml": broken })
  const { status, output, error } = floodwall(["check", "bad.yaml"], { directory })
  expect({ status, output }).toEqual({ status: 2, output: "" })
  const told = error.split("\n").filter((line) => /^bad\.yaml:\d+:\d+: .* \[[a-z-]+\]$/.test(line))
  expect(told.map((line) => line.split(" ", 1)[0])).toEqual([
    "bad.yaml:3:1:",
    "bad.yaml:6:13:",
    "bad.yaml:7:17:",
    "bad.yaml:8:17:",
    "bad.yaml:9:10:",
  ])
  for (const word of ["protect", "strong", "http", "port"]) expect(error).toContain(`did you mean "${word}"?`)
  expect(error).toMatch(/\nbad\.yaml: 5 mistakes; nothing of it would be loaded\n$/)
})

test("--json is one object with all diagnostics", () => {
  const directory = folderWith({ "bad.yaml": broken })
  const { status, output, error } = floodwall(["check", "--json", "bad.yaml"], { directory })
  expect({ status, error }).toEqual({ status: 2, error: "" })
  const answer = JSON.parse(output)
  expect(answer).toMatchObject({ policy: "bad.yaml", ok: false, files: ["bad.yaml"] })
  expect(answer.diagnostics).toHaveLength(5)
  expect(answer.diagnostics[0]).toMatchObject({
    id: "unknown-key",
    severity: "error",
    span: { file: "bad.yaml", line: 3, column: 1 },
  })
})

test("lints are told, and are exit 1 with --strict alone", () => {
  const lint =
    "version: 1\ninterfaces: { wan: eth0 }\nprotect: { wan: { syn-floods: { limit: 100/second burst 50, per: everyone } } }\n"
  const directory = folderWith({ "lint.yaml": lint })
  const plain = floodwall(["check", "lint.yaml"], { directory })
  expect(plain).toMatchObject({ status: 0, output: "lint.yaml: fine, with 1 lint\n" })
  expect(plain.error).toMatch(/^lint\.yaml:3:\d+: lint: .* \[limit-starves\]\n {2}hint: /)
  expect(floodwall(["check", "--strict", "lint.yaml"], { directory }).status).toBe(1)
})

test("--print shows the policy in force, which is a policy again", () => {
  const directory = folderWith({
    "a.yaml": `include: more.yaml\n${good}`,
    "more.yaml": "never-block: [192.0.2.1]\n",
  })
  const printed = floodwall(["check", "--print", "a.yaml"], { directory })
  expect(printed).toMatchObject({ status: 0, error: "" })
  expect(printed.output).toContain("never-block:\n  - 192.0.2.1")
  expect(printed.output).toMatch(/malformed-null: drop +# a\.yaml:\d+ \(preset: default\)/)
  const again = floodwall(["check", "--print", "-"], { directory, input: printed.output })
  expect(again.status).toBe(0)
  const withoutPlaces = (text: string) => text.replace(/ +# .*$/gm, "")
  expect(withoutPlaces(again.output)).toBe(withoutPlaces(printed.output))
})

test("./floodwall.yaml is found, and its path is told", () => {
  const directory = folderWith({ "floodwall.yaml": good })
  expect(floodwall(["check"], { directory })).toEqual({
    status: 0,
    output: "floodwall.yaml: fine\n",
    error: "Policy: floodwall.yaml\n",
  })
})

test.each([
  ["a missing file", "nope.yaml", "nope.yaml cannot be read: no such file [unreadable-file]"],
  ["a directory", "folder", "folder cannot be read: it is a directory [unreadable-file]"],
  ["a device", "/dev/zero", "/dev/zero cannot be read: it is a device [unreadable-file]"],
])("%s is one sentence and exit 2", (_what, path, sentence) => {
  const directory = folderWith()
  mkdirSync(join(directory, "folder"))
  expect(floodwall(["check", path], { directory })).toEqual({
    status: 2,
    output: "",
    error: `floodwall: ${sentence}\n`,
  })
})

test("no policy at all says how to get one", () => {
  const ran = floodwall(["check"], { directory: folderWith() })
  expect(ran).toMatchObject({ status: 2, output: "" })
  expect(ran.error).toMatch(/\[no-policy-file\]\n {2}hint: floodwall init > floodwall\.yaml/)
})

const isRoot = process.getuid?.() === 0
if (!isRoot) console.log("skipped: root's trust in policy files, because this is not root")

test.runIf(isRoot)("root refuses a policy, and an include, that others can write", () => {
  const directory = folderWith({
    "a.yaml": good,
    "b.yaml": `include: more.yaml\n${good}`,
    "more.yaml": "never-block: []\n",
  })
  expect(floodwall(["check", "b.yaml"], { directory }).status).toBe(0)
  chmodSync(join(directory, "a.yaml"), 0o666)
  chmodSync(join(directory, "more.yaml"), 0o666)
  const policy = floodwall(["check", "a.yaml"], { directory })
  expect(policy).toMatchObject({ status: 2, output: "" })
  expect(policy.error).toContain("can be written by everybody")
  const included = floodwall(["check", "b.yaml"], { directory })
  expect(included.status).toBe(2)
  expect(included.error).toMatch(/^b\.yaml:1:\d+: .*more\.yaml.*can be written by everybody/)
})

test("what is not text has a place", () => {
  const directory = folderWith()
  writeFileSync(join(directory, "binary.yaml"), Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe, 0x0a]))
  const ran = floodwall(["check", "binary.yaml"], { directory })
  expect(ran.status).toBe(2)
  expect(ran.error).toMatch(/^binary\.yaml:1:1: .* \[not-text\]/)
})

test("a policy for another host is judged as that host's: its first zone faces the world, and nothing here listens there", () => {
  const other = "interfaces: { wan: nowhere0, lan: nowhere1 }\nprotect: { wan: default, lan: default }\n"
  const directory = folderWith({ "floodwall.yaml": other })
  const { status, output, error } = floodwall(["check", "--print", "floodwall.yaml"], { directory })
  expect(status).toBe(0)
  const told = "No device of the policy is here (nowhere0, nowhere1): it is taken as another host's.\n"
  // Without a default route nothing is known of this host either.
  expect(["", told]).toContain(error)
  expect(output.match(/ports: \[23\/tcp, 2323\/tcp, 3389\/tcp, 5900\/tcp\]/g)).toHaveLength(1)
  expect(output.indexOf("decoy-ports")).toBeLessThan(output.indexOf("  lan:\n    malformed-null"))
})

import { expect, test } from "vitest"
import { commandGroups } from "./commands.js"
import { runWords } from "./main.js"
import { makeIo } from "./output.js"
import { TextSink } from "./sink.js"

async function run(words: readonly string[], terminal = false) {
  const output = new TextSink()
  const error = new TextSink()
  const status = await runWords(
    words,
    makeIo({
      output,
      error,
      terminal: { input: terminal, output: terminal, error: terminal },
      columns: 80,
      environment: {},
      clock: () => 0,
    }),
  )
  return { status, output: output.text, error: error.text }
}

const names = commandGroups.flatMap((group) => group.commands.map((command) => command.name))

test("there are commands", () => {
  expect(names.length).toBeGreaterThan(0)
  expect(new Set(names).size).toBe(names.length)
})

test.each(names)(
  "%s --help says usage, options, exit statuses and examples, in the terminal's width",
  async (name) => {
    for (const words of [
      [name, "--help"],
      [name, "-h"],
      ["help", name],
    ]) {
      const { status, output, error } = await run(words)
      expect({ status, error }).toEqual({ status: 0, error: "" })
      expect(output).toMatch(new RegExp(`^floodwall ${name}: `))
      for (const section of ["Usage", "Options", "Exit status", "Examples"])
        expect(output).toContain(`\n${section}\n`)
      const prose = output.slice(0, output.indexOf("\nExamples\n")).split("\n")
      expect(prose.filter((line) => line.length > 80)).toEqual([])
    }
  },
)

test.each([
  [["--help"], 0],
  [["help"], 0],
  [[], 2],
])("%j prints the overview with every command", async (words, expected) => {
  const { status, output } = await run(words)
  expect(status).toBe(expected)
  for (const name of names) expect(output).toMatch(new RegExp(`^  ${name} +\\S`, "m"))
})

test.each([
  [["aply"], 'there is no command "aply"'],
  [["--json", "init"], "the command stands first, before options such as --json"],
  [
    ["init", "--preset", "strict"],
    'option "--preset <name>" argument "strict" is invalid: it is one of default,',
  ],
  [["init", "--preset"], 'option "--preset <name>" argument missing'],
  [["init", "--presett", "strong"], 'unknown option "--presett"'],
  [["init", "surplus"], '"surplus" is a word too many for init'],
  [["init", "--interface", "eth0,a/b"], '--interface: "a/b" is not the name of a device'],
])("%j is wrong words: exit 2, one sentence, nothing on standard output", async (words, sentence) => {
  const { status, output, error } = await run(words)
  expect({ status, output }).toEqual({ status: 2, output: "" })
  expect(error.startsWith(`floodwall: ${sentence}`)).toBe(true)
  expect(error).toMatch(/ \[bad-command-line\]\n {2}hint: .*\n$/)
})

test.each([
  [["inti"], 'did you mean "init"?'],
  [["init", "--presett", "strong"], 'did you mean "--preset"?'],
])("%j is answered with the nearest word", async (words, hint) => {
  expect((await run(words)).error).toContain(hint)
})

test.each(["lab"])("%s is not offered before it exists", async (name) => {
  expect((await run([name])).status).toBe(2)
  expect((await run(["--help"])).output).not.toMatch(new RegExp(`^  ${name} `, "m"))
})

test("colours only on a terminal", async () => {
  expect((await run(["--help"], true)).output).toContain("\u001b[")
  expect((await run(["--help"], false)).output).not.toContain("\u001b[")
})

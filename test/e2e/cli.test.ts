import { execFileSync } from "node:child_process"
import { expect, test } from "vitest"
import { commandGroups } from "../../src/linux/cli/commands.js"
import { floodwall, floodwallPath } from "./support/floodwall.js"

const names = commandGroups.flatMap((group) => group.commands.map((command) => command.name))

/** The design's table, as far as it is built; a later command joins this list when it works. */
test("the commands are those that exist", () => {
  expect([...names].sort()).toEqual(
    [
      ...["init", "check", "compile", "import", "export", "replay", "explain"],
      ...["apply", "confirm", "rollback", "enable", "disable", "remove", "pause", "resume", "status", "diff"],
      ...["run", "stop", "blocked", "block", "unblock", "why", "events"],
    ].sort(),
  )
})

test.each(names)("%s --help, in the real program", (name) => {
  const { status, output, error } = floodwall([name, "--help"])
  expect({ status, error }).toEqual({ status: 0, error: "" })
  expect(output).toMatch(new RegExp(`^floodwall ${name}: .*\\n\\nUsage\\n`))
})

test.each(names)("%s --no-such-option is exit 2", (name) => {
  const { status, output, error } = floodwall([name, "--no-such-option"])
  expect({ status, output }).toEqual({ status: 2, output: "" })
  expect(error).toMatch(/^floodwall: unknown option "--no-such-option" \[bad-command-line\]\n/)
})

test("an output that cannot be written is not taken for done", () => {
  const shell = `"$0" "$1" --help > /dev/full; echo "exit $?"`
  const output = execFileSync("sh", ["-c", `(${shell}) 2>&1`, process.execPath, floodwallPath]).toString()
  expect(output).toBe("floodwall: the output cannot be written: no space left [unwritable-file]\nexit 2\n")
})

test("colours never reach a pipe, whatever the environment says", () => {
  expect(
    floodwall(["--help"], { environment: { FORCE_COLOR: "1", TERM: "xterm-256color" } }).output,
  ).not.toContain("\u001b")
})

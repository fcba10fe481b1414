import { CommanderError, Command as Parser } from "commander"
import { type Command, type ExitStatus, exit } from "./command.js"
import type { CommandEntry } from "./commands.js"
import { commandHelp } from "./help.js"
import { addOptions } from "./options.js"
import type { Io } from "./output.js"

/** Reads a command's words and runs it. What is wrong with the words is reported: exit 2. */
export async function runCommand(
  entry: CommandEntry,
  command: Command,
  words: readonly string[],
  io: Io,
): Promise<ExitStatus> {
  const parser = new Parser(entry.name)
    .exitOverride()
    .configureHelp({ formatHelp: () => `${commandHelp(entry, command, io)}\n` })
    .helpOption("-h, --help", "this")
    .configureOutput({ writeOut: (text) => io.write(text), writeErr: () => {} })
  for (const operand of command.operands.split(" ").filter(Boolean)) parser.argument(operand)
  const wrongValues: string[] = []
  addOptions(parser, command.options, wrongValues)
  try {
    parser.parse(words, { from: "user" })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return exit.done
    return misread(error, entry, command, parser.args, io)
  }
  const [wrong] = wrongValues
  if (wrong !== undefined) return io.wrong("bad-command-line", wrong, `see floodwall ${entry.name} --help`)
  return command.run(parser.args, parser.opts(), io)
}

/** commander's mistakes in our words. */
function misread(
  error: CommanderError,
  entry: CommandEntry,
  command: Command,
  operands: readonly string[],
  io: Io,
): ExitStatus {
  const help = `see floodwall ${entry.name} --help`
  const wrong = (sentence: string, hint = help) => io.wrong("bad-command-line", sentence, hint)
  const known = command.operands.split(" ").filter(Boolean)
  if (error.code === "commander.excessArguments") {
    return wrong(`"${operands[known.length]}" is a word too many for ${entry.name}`)
  }
  if (error.code === "commander.missingArgument") {
    const missing = known[operands.length] ?? ""
    return wrong(`${entry.name} needs ${missing.replace(/[^\w-]/g, "").toUpperCase()}`)
  }
  const [sentence = "", guess] = error.message
    .replace(/^error: /, "")
    .replaceAll("'", '"')
    .split("\n")
  const hint = guess?.replace(/^\(Did you mean (.*)\?\)$/, 'did you mean "$1"?')
  return wrong(sentence.replace(". Allowed choices are", ": it is one of"), hint)
}

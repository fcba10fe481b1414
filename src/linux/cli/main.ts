import { didYouMean } from "../../core/base/nearest.js"
import { aliasOf } from "./aliases.js"
import { type ExitStatus, exit } from "./command.js"
import { type CommandEntry, commandGroups } from "./commands.js"
import { commandHelp, overview } from "./help.js"
import { type Io, standardIo } from "./output.js"

declare const FLOODWALL_VERSION: string

/** The whole program: words in, exit status of the process out. */
export async function main(words: readonly string[]): Promise<void> {
  const io = standardIo()
  // A command that has something to end by itself listens too, and is left to it.
  process.on("SIGINT", () => {
    if (process.listenerCount("SIGINT") > 1) return
    io.flush()
    process.exit(128 + 2)
  })
  let status: number
  try {
    status = await runWords(words, io)
  } catch (error) {
    io.flush()
    io.note(`floodwall: this is a fault in floodwall itself.\n${(error as Error)?.stack ?? error}`)
    status = 70
  }
  io.flush()
  process.exit(status)
}

/** One command line. Exits are values here: commander's own 1 for words it does not understand becomes 2. */
export async function runWords(words: readonly string[], io: Io): Promise<ExitStatus> {
  const entries = commandGroups.flatMap((group) => group.commands)
  const [first, ...rest] = words
  if (
    first === undefined ||
    first === "--help" ||
    first === "-h" ||
    (first === "help" && rest.length === 0)
  ) {
    io.print(overview(commandGroups, io))
    return first === undefined ? exit.wrong : exit.done
  }
  if (first === "--version" || first === "-V") {
    io.print(typeof FLOODWALL_VERSION === "string" ? FLOODWALL_VERSION : "unbuilt")
    return exit.done
  }
  const alias = aliasOf(words)
  if (alias) {
    return "words" in alias
      ? runWords(alias.words, io)
      : io.wrong("bad-command-line", alias.wrong, "see floodwall --help")
  }
  const name = first === "help" ? rest[0]! : first
  const entry = entries.find((candidate) => candidate.name === name)
  if (!entry) return first === "help" ? helpOnTopic(name, entries, io) : unknownWord(name, entries, io)
  const { command } = await entry.load()
  if (first === "help") {
    io.print(commandHelp(entry, command, io))
    return exit.done
  }
  // Loaded when needed: the overview does without commander.
  const { runCommand } = await import("./run-command.js")
  return runCommand(entry, command, rest, io)
}

async function helpOnTopic(word: string, entries: readonly CommandEntry[], io: Io): Promise<ExitStatus> {
  const { topicHelp, nearestTopic } = await import("./topics.js")
  const text = topicHelp(word, io)
  if (text !== undefined) {
    io.print(text)
    return exit.done
  }
  const guess = nearestTopic(
    word,
    entries.map((entry) => entry.name),
  )
  const hint = guess ?? "floodwall help, and floodwall help protections"
  return io.wrong("bad-command-line", `"${word}" is neither a command nor a protection`, hint)
}

function unknownWord(word: string, entries: readonly CommandEntry[], io: Io): ExitStatus {
  if (word.startsWith("-")) {
    return io.wrong(
      "bad-command-line",
      `the command stands first, before options such as ${word}`,
      "floodwall --help",
    )
  }
  const names = entries.map((entry) => entry.name)
  const beginning = names.filter((name) => word.length > 1 && name.startsWith(word))
  const guess = beginning.length === 1 ? `did you mean "${beginning[0]}"?` : didYouMean(word, names)
  return io.wrong("bad-command-line", `there is no command "${word}"`, guess ?? "see floodwall --help")
}

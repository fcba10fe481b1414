import { aliasTexts } from "./aliases.js"
import type { Command } from "./command.js"
import type { CommandEntry, CommandGroup } from "./commands.js"
import type { Io } from "./output.js"
import { displayWidth, wrap } from "./text.js"

/** What `floodwall --help` prints. */
export function overview(groups: readonly CommandGroup[], io: Io): string {
  const { style } = io
  const widest = Math.max(...groups.flatMap((group) => group.commands.map((command) => command.name.length)))
  const sections = groups
    .filter((group) => group.commands.length > 0)
    .map((group) => {
      const lines = group.commands.map(
        ({ name, summary }) => `  ${style.name(name)}${" ".repeat(widest - name.length)}  ${summary}`,
      )
      return `${style.bold(group.title)}\n${lines.join("\n")}`
    })
  return [
    `${style.bold("floodwall")} protects Linux gateways and servers, and proves a policy on real traffic first.`,
    `${style.bold("Usage")}\n  floodwall COMMAND [options]\n  floodwall COMMAND --help
  floodwall help protections`,
    ...sections,
    `${style.bold("Options")}\n  --version  print the version\n  --help     print this`,
    `${style.bold("Other tools' words")}\n${aliasTexts.map(({ line, text }) => `  ${line}\n      ${text}`).join("\n")}`,
    `${style.bold("Policy")}
  Where a command takes a policy and none is named: ./floodwall.yaml, then /etc/floodwall/policy.yaml.`,
    `${style.bold("Exit status")}
  0  done
  1  the answer is no; COMMAND --help says what that means
  2  the words, the policy or a file are wrong
  3  this machine can't: privilege, kernel, a missing tool`,
  ].join("\n\n")
}

/** What `floodwall COMMAND --help` prints. */
export function commandHelp(entry: CommandEntry, command: Command, io: Io): string {
  const { style } = io
  const width = Math.min(io.columns, 100)
  const operands = command.operands.replace(/[<>]/g, "").toUpperCase()
  const usage = ["floodwall", entry.name, operands, "[options]"].filter(Boolean).join(" ")
  const options = [...command.options, { flags: "-h, --help", text: "print this" }].map((option) => ({
    flags: option.flags.startsWith("--") ? `    ${option.flags}` : option.flags,
    text: [
      option.text,
      "choices" in option && option.choices ? `(${option.choices.join(", ")})` : "",
      "fallback" in option && option.fallback !== undefined ? `(left out: ${option.fallback})` : "",
    ]
      .filter(Boolean)
      .join(" "),
  }))
  const column = Math.min(34, Math.max(...options.map((option) => displayWidth(option.flags)))) + 4
  const optionLines = options.map(({ flags, text }) => {
    const body = wrap(text, width, " ".repeat(column))
    return flags.length + 4 > column
      ? `  ${style.name(flags)}\n${body}`
      : `  ${style.name(flags)}${" ".repeat(column - 2 - flags.length)}${body.trimStart()}`
  })
  const exits = [
    `0  ${command.exitZero ?? "done"}`,
    ...(command.exitOne ? [`1  ${command.exitOne}`] : []),
    "2  the words, the policy or a file are wrong",
    ...(command.exitThree ? [`3  ${command.exitThree}`] : []),
  ]
  const examples = command.examples.map(
    ({ line, text }) => `  ${style.name(line)}\n${wrap(text, width, "      ")}`,
  )
  return [
    wrap(`${style.bold(`floodwall ${entry.name}`)}: ${entry.summary}`, width),
    `${style.bold("Usage")}\n  ${usage}`,
    wrap(command.description, width),
    `${style.bold("Options")}\n${optionLines.join("\n")}`,
    `${style.bold("Exit status")}\n${exits.map((line) => `  ${wrap(line, width, "     ").trimStart()}`).join("\n")}`,
    ...(examples.length > 0 ? [`${style.bold("Examples")}\n${examples.join("\n")}`] : []),
  ].join("\n\n")
}

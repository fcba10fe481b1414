import { resumeRules } from "../host/apply.js"
import { changeAndSay } from "./change.js"
import { type Command, jsonOption } from "./command.js"

export const command: Command<{ readonly json?: boolean }> = {
  operands: "",
  description: "Ends a pause before its time.",
  options: [jsonOption],
  exitOne: "nothing was paused",
  exitThree: "no privilege, no nft, no nf_tables",
  examples: [{ line: "floodwall resume", text: "the rules judge again" }],
  run: (_operands, { json }, io) =>
    changeAndSay(io, json, resumeRules, () => ({
      text: "Resumed: the rules judge again.",
      json: { result: "resumed" },
    })),
}

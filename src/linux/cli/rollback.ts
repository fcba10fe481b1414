import { rollbackTrial } from "../host/apply.js"
import { changeAndSay } from "./change.js"
import { type Command, jsonOption } from "./command.js"

export const command: Command<{ readonly json?: boolean }> = {
  operands: "",
  description:
    "Ends a trial before its time: the rules from before `floodwall apply` are in force again. After the time is over the kernel has done that by " +
    "itself, and this only takes away what lies about.",
  options: [jsonOption],
  exitOne: "nothing was on trial",
  exitThree: "no privilege, no nft, no nf_tables",
  examples: [{ line: "floodwall rollback", text: "do not wait for the kernel" }],
  run: (_operands, { json }, io) =>
    changeAndSay(io, json, rollbackTrial, ({ expired }) => ({
      text: expired
        ? "The kernel had gone back by itself; what was left of the trial is gone."
        : "Rolled back: the rules from before are in force.",
      json: { result: "rolled-back", expired },
    })),
}

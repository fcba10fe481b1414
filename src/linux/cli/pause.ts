import { isProblem } from "../../core/base/diagnostic.js"
import { parseDuration } from "../../core/base/duration.js"
import { pauseRules } from "../host/apply.js"
import { changeAndSay } from "./change.js"
import { type Command, jsonOption } from "./command.js"
import { formatSeconds } from "./text.js"
import { formatTime } from "./told.js"

export const command: Command<{ readonly json?: boolean }> = {
  operands: "<duration>",
  description:
    "Lets everything past for a while, to see whether it is Floodwall that stops something. The kernel ends it by itself; no process has to live, and " +
    "a second pause counts from now. What is blocked stays listed.",
  options: [jsonOption],
  exitOne: "there is nothing to pause",
  exitThree: "no privilege, no nft, no nf_tables",
  examples: [
    { line: "floodwall pause 10m", text: "nothing is dropped for ten minutes" },
    { line: "floodwall resume", text: "before they are over" },
  ],
  async run([text = ""], { json }, io) {
    const duration = parseDuration(text)
    if (typeof duration !== "number" || isProblem(duration)) {
      const hint = duration.hint?.includes("ever")
        ? "write it as 300s, 10m or 1h30m: a pause ends"
        : duration.hint
      return io.wrong("bad-command-line", duration.message, hint)
    }
    const seconds = Math.ceil(duration / 1e9)
    if (!(seconds >= 1 && seconds <= LONGEST)) {
      return io.wrong(
        "bad-command-line",
        `a pause is from 1s to 7d, not ${text}`,
        "floodwall remove takes the rules away",
      )
    }
    return changeAndSay(
      io,
      json,
      () => pauseRules(seconds),
      () => {
        const now = new Date()
        const until = new Date(now.getTime() + seconds * 1000)
        return {
          text: `Paused for ${formatSeconds(seconds)}: NOTHING is protected until ${formatTime(until, now)}.`,
          json: { result: "paused", seconds, until: until.toISOString() },
        }
      },
    )
  },
}

const LONGEST = 7 * 86_400

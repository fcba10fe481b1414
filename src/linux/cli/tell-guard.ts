import { askGuard } from "../daemon/client.js"
import type { Followed, Reply } from "../daemon/protocol.js"
import type { Io } from "./output.js"
import { plural } from "./text.js"

/** What a running guard says to rules that a command put in force: null, none runs; a sentence, why it said nothing. */
export type GuardAnswer = Followed | string | null

/** Whether a guard is there, whatever it would say. It has the ledger, and makes it agree with what is in force by itself. */
export async function isGuardThere(io: Io): Promise<boolean> {
  return (await askGuard({ request: "status" }, io.environment, () => {})) !== "absent"
}

/** Has a guard that runs work by the policy (an absolute path) that was just put in force for good. The caller has let go of the lock, which the guard takes. */
export async function tellGuard(policy: string, io: Io): Promise<GuardAnswer> {
  let reply: Reply | undefined
  const trouble = await askGuard({ request: "follow", policy }, io.environment, (each) => {
    reply ??= each
  })
  if (reply && "answer" in reply && "followed" in reply.answer) return reply.answer.followed
  if (trouble === "absent") return null
  if (trouble === "forbidden") return "this user may not talk to it"
  if (reply && "error" in reply) return `it is of another version (${reply.error.message})`
  return "it hung up without an answer"
}

/** As `--json` has it. */
export function guardAnswerToJson(answer: GuardAnswer): Followed | { readonly trouble: string } | null {
  return typeof answer === "string" ? { trouble: answer } : answer
}

/** Nothing where no guard runs. */
export function printGuardAnswer(answer: GuardAnswer, policy: string, io: Io): void {
  if (answer === null) return
  if (typeof answer === "string") {
    io.note(`The guard could not be told: ${answer}. systemctl reload floodwall-guard, or SIGHUP, does it.`)
    return
  }
  const { own, letOut, trouble } = answer
  if (trouble !== undefined) {
    io.note(`The guard goes on as before: ${trouble}`)
    return
  }
  const out =
    letOut === 0
      ? ""
      : ` ${plural(letOut, "source")} ${letOut === 1 ? "was" : "were"} let in again, for what they were blocked for only notifies now.`
  io.print(`The guard works by it now.${out}`)
  if (own !== policy)
    io.note(`The guard was started with ${own}: a reload of it, or a restart, puts that in force again.`)
}

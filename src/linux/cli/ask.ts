import { tableName } from "../../core/policy/compile.js"
import { answerRequest } from "../daemon/answer-request.js"
import { askGuard } from "../daemon/client.js"
import type { Answer, Reply, Request } from "../daemon/protocol.js"
import { socketPath } from "../daemon/server.js"
import { needNetfilter } from "../host/capabilities.js"
import { listTables } from "../host/nft.js"
import { done, fail, failed, type Outcome } from "../host/outcome.js"
import { openState } from "../host/state.js"
import { openBook } from "./open-book.js"
import type { Io } from "./output.js"

/** Asks the guard where one is running, and otherwise does what it would do: the ledger and the kernel's sets are the same. */
export async function ask(request: Request, io: Io): Promise<Outcome<Answer>> {
  let reply: Reply | undefined
  const trouble = await askGuard(request, io.environment, (each) => {
    reply ??= each
  })
  if (reply !== undefined) return answerOf(reply)
  if (trouble === "absent") return askBook(request, io)
  const path = socketPath(io.environment)
  return trouble === "forbidden"
    ? fail(
        "cannot",
        "no-guard-socket",
        `the guard does not answer you at ${path}`,
        "root may ask, and the group floodwall",
      )
    : fail("cannot", "no-guard-socket", `the guard at ${path} hung up without an answer`)
}

function answerOf(reply: Reply): Outcome<Answer> {
  if ("answer" in reply) return done(reply.answer)
  if ("error" in reply) {
    const { kind, message, hint } = reply.error
    return fail(kind, "guard-refuses", message, hint)
  }
  return fail("cannot", "no-guard-socket", "the guard's answer is not understood")
}

/** Without a guard: opens the ledger and the kernel for one request. */
function askBook(request: Request, io: Io): Outcome<Answer> {
  const able = needNetfilter()
  if (failed(able)) return able
  const state = openState(io.environment)
  if (failed(state)) return state
  const tables = listTables()
  if (failed(tables)) return tables
  const hasTable = tables.value.includes(`inet ${tableName}`)
  if (request.request === "block" && !hasTable)
    return fail(
      "cannot",
      "no-rules-to-block",
      "no rules of floodwall are in the kernel, so nobody can be kept out",
      "floodwall apply puts them there",
    )
  const opened = openBook(state.value, hasTable, io)
  if (failed(opened)) return opened
  try {
    return answerOf(answerRequest(request, opened.value.book))
  } finally {
    opened.value.close()
  }
}

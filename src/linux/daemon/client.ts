import { createConnection } from "node:net"
import type { Reply, Request } from "./protocol.js"
import { socketPath } from "./server.js"
import { splitLines } from "./source/lines.js"

/** A listing of a hundred thousand blocks is one line. */
const REPLY_MAXIMUM = 256 << 20

/** `absent`: no guard is running; `forbidden`: it is, and this user may not ask. */
export type AskFailure = "absent" | "forbidden" | "broken"

/**
 * Asks the guard. `each` gets every reply, the last one included; the promise ends when the guard hangs up, or with why there was no answer.
 */
export function askGuard(
  request: Request,
  environment: Readonly<Record<string, string | undefined>>,
  each: (reply: Reply) => void,
  signal?: AbortSignal,
): Promise<AskFailure | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath(environment))
    let got = 0
    const lines = splitLines((line) => {
      got++
      each(JSON.parse(line) as Reply)
    }, REPLY_MAXIMUM)
    signal?.addEventListener("abort", () => socket.destroy())
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`))
    socket.on("data", (chunk) => lines.push(chunk))
    socket.on("error", (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === "EACCES" || error.code === "EPERM" ? "forbidden" : got > 0 ? "broken" : "absent",
      ),
    )
    socket.on("close", () => resolve(got > 0 || signal?.aborted ? undefined : "broken"))
  })
}

import type { Readiness } from "../../host/netlink/readiness.js"

/**
 * Reads a socket no more often than a share of the time allows: who floods what it tells of makes the kernel drop the rest, and does not take the processor from
 * everything else. `read` handles some messages and says whether there are more.
 */
export function readInShares(readiness: Readiness, fd: number, read: () => boolean): () => void {
  let timer: NodeJS.Timeout | undefined
  let since = performance.now()
  let used = 0
  let open = true

  const turn = () => {
    const begin = performance.now()
    if (begin - since > PERIOD) {
      since = begin
      used = 0
    }
    read()
    used += performance.now() - begin
    if (used < SHARE * PERIOD) return
    readiness.unwatch(fd)
    timer = setTimeout(
      () => {
        if (open) readiness.watch(fd, turn)
      },
      Math.max(1, since + PERIOD - performance.now()),
    )
  }
  readiness.watch(fd, turn)
  return () => {
    open = false
    clearTimeout(timer)
    readiness.unwatch(fd)
  }
}

/** Milliseconds, and the part of them that one source may take: short enough for a block within 50 ms of its finding. */
const PERIOD = 20
const SHARE = 0.4

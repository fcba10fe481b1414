import { loadLibc } from "../namespace/libc.js"
import { done, fail, type Outcome } from "../outcome.js"

/**
 * Tells when sockets that Node does not know (netlink) have something to read. One poll(2) over all of them runs in a thread of libuv's pool, so the
 * program's own thread never waits: between a packet's log and its handler lie two changes of thread. Handlers run in turn, and the
 * next poll begins after the last of them, so that whatever else the program does has its turn, too, however much comes.
 */
export interface Readiness {
  /** `onReadable` should read all there is, or some of it: it is called again as long as something is left. */
  watch(fd: number, onReadable: () => void): void
  unwatch(fd: number): void
  close(): void
}

const POLLIN = 1
const ENTRY = 8
const ENTRIES = 32
const EFD_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000

export function openReadiness(onFault: (error: unknown) => void): Outcome<Readiness> {
  const library = loadLibc()
  if (typeof library === "string") return fail("cannot", "no-netlink", library)
  const wake = library.eventfd(0, EFD_NONBLOCK_CLOEXEC)
  const table = wake < 0 ? null : library.allocate(ENTRY * ENTRIES)
  const drain = library.allocate(8)
  if (!table || !drain) return fail("cannot", "no-netlink", `eventfd: ${library.errorName()}`)
  const handlers = new Map<number, () => void>()
  let open = true
  let polling = false

  const again = () => {
    if (!open) return release()
    const fds = [wake, ...handlers.keys()]
    for (const [index, fd] of fds.entries()) {
      table.view.setInt32(index * ENTRY, fd, true)
      table.view.setInt16(index * ENTRY + 4, POLLIN, true)
      table.view.setInt16(index * ENTRY + 6, 0, true)
    }
    polling = true
    library.pollLater(table.address, fds.length, -1, () => {
      polling = false
      if (!open) return release()
      if (ready(0)) library.read(wake, drain.address, 8)
      for (const [index, fd] of fds.entries()) {
        if (index === 0 || !ready(index)) continue
        try {
          handlers.get(fd)?.()
        } catch (error) {
          onFault(error)
        }
      }
      again()
    })
  }
  const ready = (index: number) => table.view.getInt16(index * ENTRY + 6, true) !== 0
  const interrupt = () => {
    library.write(wake, one, 8)
  }
  // Node waits for its threads when it ends, however it ends.
  process.on("exit", interrupt)
  const release = () => {
    process.off("exit", interrupt)
    library.free(table)
    library.free(drain)
    library.close(wake)
  }

  again()
  return done({
    watch(fd, onReadable) {
      if (handlers.size >= ENTRIES - 1) throw new Error(`more than ${ENTRIES - 1} sockets to watch`)
      handlers.set(fd, onReadable)
      interrupt()
    },
    unwatch(fd) {
      handlers.delete(fd)
      interrupt()
    },
    close() {
      if (!open) return
      open = false
      if (polling) interrupt()
    },
  })
}

const one = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0])

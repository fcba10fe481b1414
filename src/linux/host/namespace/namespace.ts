import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process"
import { closeSync, openSync, writeFileSync } from "node:fs"
import { CLONE_NEWNET, libc } from "./libc.js"

/** What a command said. */
export interface Output {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * A network namespace without a name: it lives as long as this object holds it open and ends with the process at the latest, even one that is
 * killed. Nothing is left behind under /run/netns, and nothing has to be cleaned up.
 */
export interface NetworkNamespace {
  /** A path that `ip link … netns` and `nsenter --net=` take, from any process that may look at ours. */
  readonly path: string
  /**
   * Calls `work` with this thread inside the namespace. Sockets it opens and processes it starts belong to the namespace. Synchronous work
   * only: what runs after an `await` is outside again.
   */
  inside<T>(work: () => T): T
  /** Runs a command to its end. Throws where it fails, unless `fails` is "allowed". */
  run(command: string, parameters: readonly string[], options?: RunOptions): Output
  /** Starts a command and does not wait. It is killed with the namespace's `close`. */
  spawn(command: string, parameters: readonly string[], options?: SpawnOptions): ChildProcess
  /** Writes below /proc/sys: `sysctl("net/ipv4/ip_forward", 1)`. */
  sysctl(path: string, value: string | number): void
  close(): void
}

export interface RunOptions {
  readonly input?: string
  readonly fails?: "allowed"
  readonly environment?: Readonly<Record<string, string>>
  readonly timeoutMilliseconds?: number
}

/** Debian keeps nft and ip outside an ordinary user's PATH. */
export const searchPath = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`

/** Makes a namespace with loopback up. Throws without the privilege: ask `laboratoryTrouble` first. */
export function createNamespace(): NetworkNamespace {
  const library = libc()
  const home = openSync("/proc/thread-self/ns/net", "r")
  if (library.unshare(CLONE_NEWNET) !== 0) {
    const why = library.errorName()
    closeSync(home)
    throw new Error(`unshare(CLONE_NEWNET): ${why}`)
  }
  const fd = openSync("/proc/thread-self/ns/net", "r")
  enter(home)
  const children = new Set<ChildProcess>()
  let depth = 0
  let open = true

  const inside = <T>(work: () => T): T => {
    if (!open) throw new Error("the namespace is closed")
    const back = openSync("/proc/thread-self/ns/net", "r")
    enter(fd)
    depth++
    try {
      return work()
    } finally {
      depth--
      enter(back)
      closeSync(back)
    }
  }

  const namespace: NetworkNamespace = {
    path: `/proc/${process.pid}/fd/${fd}`,
    inside,
    run(command, parameters, options = {}) {
      const result = inside(() =>
        spawnSync(command, parameters, {
          encoding: "utf8",
          input: options.input ?? "",
          env: { ...process.env, PATH: searchPath, ...options.environment },
          maxBuffer: 1 << 28,
          ...(options.timeoutMilliseconds === undefined ? {} : { timeout: options.timeoutMilliseconds }),
        }),
      )
      if (result.error && result.status === null && !result.signal) throw result.error
      const status = result.status ?? 128
      if (status !== 0 && options.fails !== "allowed") {
        throw new Error(
          `${command} ${parameters.join(" ")}: exit ${status}: ${result.stderr || result.stdout}`,
        )
      }
      return { status, stdout: result.stdout, stderr: result.stderr }
    },
    spawn(command, parameters, options = {}) {
      const child = inside(() =>
        spawn(command, parameters, { ...options, env: { ...process.env, PATH: searchPath, ...options.env } }),
      )
      children.add(child)
      child.once("exit", () => children.delete(child))
      return child
    },
    sysctl(path, value) {
      inside(() => writeFileSync(`/proc/sys/${path}`, String(value)))
    },
    close() {
      if (!open) return
      if (depth > 0) throw new Error("the namespace is in use")
      open = false
      for (const child of children) child.kill("SIGKILL")
      closeSync(fd)
      closeSync(home)
    },
  }
  inside(bringLoopbackUp)
  return namespace

  function enter(target: number): void {
    if (library.setns(target, CLONE_NEWNET) === 0) return
    // A thread in the wrong namespace would touch rules that are not ours.
    console.error(`setns: ${library.errorName()}; cannot go on`)
    process.exit(70)
  }
}

// linux/sockios.h, linux/if.h: what `ip link set lo up` asks for, without a process for it.
const SIOCSIFFLAGS = 0x8914
const IFF_UP = 1
const AF_INET = 2
const SOCK_DGRAM = 2

function bringLoopbackUp(): void {
  const library = libc()
  const fd = library.socket(AF_INET, SOCK_DGRAM, 0)
  const request = new Uint8Array(40)
  new TextEncoder().encodeInto("lo", request)
  new DataView(request.buffer).setUint16(16, IFF_UP, true)
  const answer = library.ioctl(fd, SIOCSIFFLAGS, request)
  const why = library.errorName()
  library.close(fd)
  if (fd < 0 || answer !== 0) throw new Error(`loopback: ${why}`)
}

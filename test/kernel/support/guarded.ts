import type { ChildProcess } from "node:child_process"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { expect, onTestFinished } from "vitest"
import { address } from "../../../src/linux/host/namespace/laboratory.js"
import { createGateway, type Gateway } from "./gateway.js"

const program = fileURLToPath(new URL("../../../bin/floodwall", import.meta.url))

/** A gateway on which the guard runs, or runs again. */
export interface Guarded {
  readonly gateway: Gateway
  readonly policy: string
  /** Where commands talk to it. */
  readonly socket: string
  /** Starts the guard and waits until it watches; `wrap` is a command that starts it: `nsenter …`. */
  start(options?: GuardOptions): Promise<RunningGuard>
  /** Another address of the host outside. */
  from(host: number): string
  /** Tries so many closed ports from there, or from each of several. */
  scan(source: string | readonly string[], ports?: number): void
  /** What the firewall's nft says; empty where it refuses. */
  nft(...words: readonly string[]): string
  /** Whether the kernel has it among those that may open nothing, or nothing at all. */
  isListed(source: string): boolean
  /** Notices of `floodwall status`, without their times. */
  notices(): readonly string[]
}

export interface GuardOptions {
  readonly words?: readonly string[]
  readonly wrap?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

export interface RunningGuard {
  readonly child: ChildProcess
  readonly output: () => string
  readonly ended: Promise<number | null>
}

export function createGuarded(protect = "{ preset: default, open: [ssh] }"): Guarded {
  const gateway = createGateway()
  const { firewall, outside } = gateway.laboratory
  const socket = join(gateway.folder, "guard.sock")
  process.env["FLOODWALL_SOCKET"] = socket
  onTestFinished(() => {
    delete process.env["FLOODWALL_SOCKET"]
  })
  const policy = gateway.policy("guard", protect)
  const nft = (...words: readonly string[]) =>
    firewall.namespace.run("nft", words, { fails: "allowed" }).stdout
  return {
    gateway,
    policy,
    socket,
    nft,
    async start({ words = [], wrap = [], environment = {} } = {}) {
      const [command = "", ...rest] = [
        ...wrap,
        process.execPath,
        program,
        "run",
        policy,
        "--log",
        "text",
        ...words,
      ]
      const child = firewall.namespace.spawn(command, rest, {
        env: { FLOODWALL_STATE: gateway.state, SSH_CONNECTION: "", NO_COLOR: "1", ...environment },
        stdio: ["ignore", "pipe", "pipe"],
      })
      let text = ""
      child.stdout?.on("data", (data) => (text += data))
      child.stderr?.on("data", (data) => (text += data))
      const guard = {
        child,
        output: () => text,
        ended: new Promise<number | null>((resolve) => child.once("close", resolve)),
      }
      expect([await within(PATIENCE, () => /watching/.test(text)), text]).toEqual([
        true,
        expect.stringContaining("watching"),
      ])
      return guard
    },
    from(host) {
      const own = `192.0.2.${host}`
      outside.run("ip", ["address", "add", `${own}/32`, "dev", "eth0"], { fails: "allowed" })
      return own
    },
    scan(source, ports = 40) {
      outside.run("python3", ["-c", SCANNER, [source].flat().join(" "), address.wan.ipv4, String(ports)])
    },
    isListed: (source) =>
      ["blocked4", "blocked-new4"].some((set) =>
        new RegExp(`\\b${source.replaceAll(".", "\\.")}\\b`).test(
          nft("list", "set", "inet", "floodwall", set),
        ),
      ),
    notices() {
      const said = JSON.parse(gateway.floodwall("status", "--json").stdout) as {
        readonly guard?: { readonly notices: readonly string[] }
      }
      return (said.guard?.notices ?? []).map((notice) => notice.replace(/^\S+ /, ""))
    },
  }
}

/** Seconds for what should come and for which no time is promised: on a busy machine nobody is late before. */
export const PATIENCE = 30

/**
 * Whether it becomes so in time. Where a time is promised, it is that of a machine of its own: one that is busy goes on until as many looks were possible as fit into it there, for who
 * looks is kept waiting as the guard is.
 */
export async function within(seconds: number, isSo: () => boolean): Promise<boolean> {
  const end = Date.now() + seconds * 1000
  for (let looks = 0; Date.now() < end || looks < seconds * LOOKS_PER_SECOND; looks++) {
    if (isSo()) return true
    await pause(20)
  }
  return isSo()
}

/** A pause of 20 ms, and a process that asks the kernel. */
const LOOKS_PER_SECOND = 30

/** Connects to ports one after the other, and waits for none. */
const SCANNER = `
import socket, sys
sources, target, count = sys.argv[1].split(), sys.argv[2], int(sys.argv[3])
for source in sources:
    for port in range(2000, 2000 + count):
        one = socket.socket(); one.setblocking(False); one.bind((source, 0))
        try: one.connect((target, port))
        except BlockingIOError: pass
        one.close()
`

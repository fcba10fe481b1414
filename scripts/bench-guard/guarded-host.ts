import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createLaboratory, type Laboratory } from "../../src/linux/host/namespace/laboratory.js"
import { type Output, searchPath } from "../../src/linux/host/namespace/namespace.js"

/** A firewall between two hosts in namespaces of their own, administered by the real program, with a state folder of its own. */
export interface GuardedHost {
  readonly laboratory: Laboratory
  readonly folder: string
  readonly state: string
  readonly policy: string
  floodwall(...words: readonly string[]): Output
  /** Starts the guard; the promise is kept when it watches: milliseconds since its start. */
  run(...words: readonly string[]): { readonly child: ChildProcess; readonly watching: Promise<number> }
  close(): void
}

/** `program` is what Node runs: bin/floodwall, or a bundle of it. */
export function createGuardedHost(program: string, policyText: string): GuardedHost {
  const laboratory = createLaboratory()
  // The host outside is the gateway of the laboratory, and a gateway is never blocked.
  const folder = mkdtempSync(join(tmpdir(), "floodwall-bench-guard-"))
  const state = join(folder, "state")
  const policy = join(folder, "policy.yaml")
  writeFileSync(policy, policyText)
  const environment = {
    FLOODWALL_STATE: state,
    FLOODWALL_SOCKET: join(folder, "guard.sock"),
    SSH_CONNECTION: "",
    NO_COLOR: "1",
  }
  const { namespace } = laboratory.firewall
  const children = new Set<ChildProcess>()
  return {
    laboratory,
    folder,
    state,
    policy,
    floodwall: (...words) => namespace.run(process.execPath, [program, ...words], { environment }),
    run(...words) {
      const start = performance.now()
      const child = namespace.inside(() =>
        spawn(process.execPath, [program, "run", policy, ...words], {
          env: { ...process.env, PATH: searchPath, ...environment },
          stdio: ["ignore", "pipe", "pipe"],
        }),
      )
      children.add(child)
      let said = ""
      const watching = new Promise<number>((resolve, reject) => {
        const hear = (chunk: Buffer) => {
          if (said.length > 100_000) return
          said += chunk.toString()
          if (/watching /.test(said)) resolve(performance.now() - start)
        }
        child.stdout?.on("data", hear)
        child.stderr?.on("data", hear)
        child.once("close", (status) => reject(new Error(`the guard ended (${status}): ${said}`)))
      })
      return { child, watching }
    },
    close() {
      for (const child of children) child.kill("SIGKILL")
      laboratory.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Of sorted numbers. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"
import { createLaboratory, type Host, type Laboratory } from "../../../src/linux/host/namespace/laboratory.js"
import { type Output, searchPath } from "../../../src/linux/host/namespace/namespace.js"

const program = fileURLToPath(new URL("../../../bin/floodwall", import.meta.url))

/** A laboratory of live hosts whose firewall is administered by the real bin/floodwall, with a state folder of its own. */
export interface Gateway {
  readonly laboratory: Laboratory
  readonly folder: string
  readonly state: string
  /** Runs a command line on the firewall, to its end. */
  floodwall(...words: readonly string[]): Output
  /** Starts one, in a process group of its own. */
  start(...words: readonly string[]): Started
  /** A policy file; its name without `.yaml`. */
  policy(name: string, protect: string): string
  status(): Status
  /** All rules in the firewall's kernel, as its owner would list them: nft's, iptables', legacy iptables'. Ours are left out unless asked for. */
  rules(which?: "all" | "foreign"): string
}

export interface Started {
  readonly child: ChildProcess
  readonly output: () => string
  /** Exit status; null: killed. */
  readonly ended: Promise<number | null>
}

export interface Status {
  readonly protected: boolean
  readonly inForce: boolean
  readonly digest: string | null
  readonly trial: { readonly secondsLeft: number | null; readonly over: boolean } | null
  readonly pausedSeconds: number | null
  readonly warmUpSeconds: number | null
  readonly protections: readonly {
    readonly protection: string
    readonly dropped: { readonly packets: number }
  }[]
}

/** Made for one test, and gone after it. */
export function createGateway(): Gateway {
  const laboratory = createLaboratory({ hosts: "live" })
  const folder = mkdtempSync(join(tmpdir(), "floodwall-test-"))
  onTestFinished(() => {
    laboratory.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const state = join(folder, "state")
  const { namespace } = laboratory.firewall
  const environment = { FLOODWALL_STATE: state, SSH_CONNECTION: "", NO_COLOR: "1" }
  const gateway: Gateway = {
    laboratory,
    folder,
    state,
    floodwall: (...words) =>
      namespace.run(process.execPath, [program, ...words], { environment, fails: "allowed" }),
    start(...words) {
      const child = namespace.inside(() =>
        spawn(process.execPath, [program, ...words], {
          env: { ...process.env, PATH: searchPath, ...environment },
          detached: true,
          stdio: ["ignore", "pipe", "pipe"],
        }),
      )
      let text = ""
      child.stdout?.on("data", (data) => (text += data))
      child.stderr?.on("data", (data) => (text += data))
      return { child, output: () => text, ended: new Promise((resolve) => child.once("close", resolve)) }
    },
    policy(name, protect) {
      const path = join(folder, `${name}.yaml`)
      writeFileSync(path, `version: 1\ninterfaces: { wan: wan0 }\nprotect:\n  wan: ${protect}\n`)
      return path
    },
    status() {
      const { stdout, stderr } = gateway.floodwall("status", "--json")
      if (stdout === "") throw new Error(stderr)
      return JSON.parse(stdout) as Status
    },
    rules(which = "foreign") {
      const list = (command: string, ...parameters: string[]) =>
        laboratory.firewall.run(command, parameters).stdout
      const nft =
        which === "all"
          ? list("nft", "-a", "list", "ruleset")
          : list("nft", "list", "tables")
              .split("\n")
              .filter((line) => line !== "" && !line.endsWith(" floodwall"))
              .map((line) => list("nft", "-a", "list", ...line.split(" ")))
              .join("\n")
      const saved = ["iptables-save", "ip6tables-save", "iptables-legacy-save"].map((save) =>
        list(save, "-c"),
      )
      // The time of day is not a rule.
      return [nft, ...saved].join("\n").replaceAll(/^# (Generated|Completed) .*$/gm, "")
    },
  }
  return gateway
}

/** Milliseconds for what should come: a busy machine takes its time, and nobody else waits for it. Who looks that nothing comes says how long. */
const PATIENCE = 20_000

/** A TCP connection between two hosts, one of which sends back whatever it gets. */
export interface Echo {
  /** What came back within the time; undefined: nothing. */
  say(text: string, milliseconds?: number): Promise<string | undefined>
  close(): void
}

const server = `require("node:net").createServer((s) => s.on("error", () => {}).pipe(s)).listen(+process.argv[1], "::", () => console.log("ready"))`
const client = `const s = require("node:net").connect(+process.argv[2], process.argv[1], () => console.log("ready"))
s.on("data", (d) => process.stdout.write(d)).on("error", (e) => { console.log("error " + e.code); process.exit() })
s.setNoDelay(true)
process.stdin.on("data", (d) => s.write(d))`

/** Has a host send back what it gets on a port. */
export async function serveEcho(host: Host, port: number): Promise<void> {
  const child = host.namespace.spawn(process.execPath, ["-e", server, String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const said = await firstLine(child, PATIENCE)
  if (said !== "ready") throw new Error(`the server of port ${port} said ${said ?? "nothing"}`)
}

/** Undefined: the connection did not come about in time. */
export async function openEcho(
  host: Host,
  address: string,
  port: number,
  milliseconds = PATIENCE,
): Promise<Echo | undefined> {
  const child = host.namespace.spawn(process.execPath, ["-e", client, address, String(port)], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  if ((await firstLine(child, milliseconds)) !== "ready") {
    child.kill("SIGKILL")
    return undefined
  }
  return {
    async say(text, patience = PATIENCE) {
      child.stdin?.write(`${text}\n`)
      return firstLine(child, patience)
    },
    close() {
      child.kill("SIGKILL")
    },
  }
}

/**
 * Tries all ports at once. What the firewall lets through is answered by the kernel itself, within the same millisecond: 300 ms without an answer are a refusal by silence. Where the process itself
 * was kept waiting for longer, its answers lie there behind the timer: they are looked at before it speaks.
 */
const probe = `const [, address, ...ports] = process.argv
const reached = []
for (const port of ports) require("node:net").connect(+port, address, () => reached.push(port)).on("error", () => {})
setTimeout(() => setImmediate(() => { console.log("reached " + reached); process.exit() }), 300)`

/** To which of the ports a new connection comes about, in their order. */
export async function reachable(
  host: Host,
  address: string,
  ports: readonly number[],
): Promise<readonly number[]> {
  const child = host.namespace.spawn(process.execPath, ["-e", probe, address, ...ports.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const line = await firstLine(child, 20_000)
  if (!line?.startsWith("reached")) throw new Error(`the probe of ${address} said ${line ?? "nothing"}`)
  const reached = new Set(line.slice("reached ".length).split(",").map(Number))
  return ports.filter((port) => reached.has(port))
}

/** Whether a new connection comes about. */
export async function reaches(host: Host, address: string, port: number): Promise<boolean> {
  return (await reachable(host, address, [port])).length > 0
}

/** Asks again until the answer is yes; on a busy machine what the kernel times is in time, and what the test does is not. */
export async function until(isSo: () => boolean, milliseconds = 20_000): Promise<void> {
  const end = Date.now() + milliseconds
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`not within ${milliseconds} ms`)
    await wait(50)
  }
}

export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

function firstLine(child: ChildProcess, milliseconds: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = ""
    const end = (line: string | undefined) => {
      clearTimeout(timer)
      child.stdout?.off("data", read)
      resolve(line)
    }
    const read = (data: Buffer) => {
      text += data
      if (text.includes("\n")) end(text.trim())
    }
    const timer = setTimeout(() => end(undefined), milliseconds)
    child.stdout?.on("data", read)
  })
}

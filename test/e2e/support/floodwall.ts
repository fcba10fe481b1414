import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"

export const root = fileURLToPath(new URL("../../..", import.meta.url))
export const floodwallPath = join(root, "bin/floodwall")

/** Told of the tests' policies where the machine that runs them has no eth0. */
const OTHER_HOST = /^No device of the policy is here \(eth0\): .*\n/m

export interface Ran {
  readonly status: number | null
  readonly output: string
  readonly error: string
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly directory?: string
  readonly environment?: Record<string, string>
  readonly program?: string
}

/** Runs the real bin/floodwall as a user would, to its end. */
export function floodwall(words: readonly string[], options: RunOptions = {}): Ran {
  return run(process.execPath, [options.program ?? floodwallPath, ...words], options)
}

export function run(program: string, words: readonly string[], options: RunOptions = {}): Ran {
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    cwd: options.directory ?? root,
    input: options.input ?? "",
    env: { ...process.env, NO_COLOR: "", ...options.environment },
    maxBuffer: 256 * 1024 * 1024,
  })
  if (error) throw error
  return { status, output: stdout.toString(), error: stderr.toString().replace(OTHER_HOST, "") }
}

/** A folder that is gone after the test, with these files in it. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "floodwall-test-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

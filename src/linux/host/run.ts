import { spawnSync } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"

export interface Ran {
  /** Null: a signal ended it. */
  readonly status: number | null
  readonly output: string
  readonly error: string
}

/** Where administrators' programs live, and where a user's PATH often does not look. */
const adminFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"]

/** The absolute path of a program: PATH first, then where administrators' programs live. */
export function findProgram(name: string): string | undefined {
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder.startsWith("/"))
  return [...path, ...adminFolders].map((folder) => join(folder, name)).find(isExecutable)
}

/** Runs a program to its end, in the C locale, with `input` as its standard input. Undefined: there is no such program, or it could not be started. */
export function run(name: string, args: readonly string[], input = ""): Ran | undefined {
  const program = name.startsWith("/") ? name : findProgram(name)
  if (program === undefined) return undefined
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input,
    encoding: "utf8",
    maxBuffer: OUTPUT_LIMIT,
    env: { ...process.env, LC_ALL: "C" },
  })
  if (error && status === null && (error as NodeJS.ErrnoException).code !== "ENOBUFS") return undefined
  return { status, output: stdout, error: stderr }
}

/** What a program prints, where it ends well; undefined otherwise. */
export function outputOf(name: string, args: readonly string[]): string | undefined {
  const ran = run(name, args)
  return ran?.status === 0 ? ran.output : undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A million set elements are about 60 MB of text. */
const OUTPUT_LIMIT = 1024 * 1024 * 1024

import { closeSync, fstatSync, openSync, readFileSync, statSync } from "node:fs"
import { recogniseFormat } from "../../core/backend/formats.js"
import type { PolicyEnvironment, PolicyText } from "../../core/policy/environment.js"
import type { HostFacts } from "../../core/policy/policy.js"
import { reasonOf } from "../capture/reason.js"
import { distrust } from "../host/files.js"
import { glob } from "../host/glob.js"
import type { Io } from "./output.js"

/** Where a policy is root's own. */
const OWN = "/etc/floodwall/policy.yaml"

/** Where a policy is looked for when none is named. */
export const policyPaths: readonly string[] = ["floodwall.yaml", OWN]

/** `[policy]` in the help of commands that take one. */
export const policyWords = `A POLICY that is left out is ./floodwall.yaml, then /etc/floodwall/policy.yaml; - is standard input.`

type ReadFile = ReturnType<PolicyEnvironment["read"]> | Distrusted

/** Somebody else can write it. */
interface Distrusted {
  readonly problem: string
  readonly distrusted: true
}

/**
 * The text of the policy that the words name. One that was looked for is told on standard error. What cannot be read has been reported:
 * undefined, and the exit is 2.
 */
export function readPolicyText(named: string | undefined, io: Io): PolicyText | undefined {
  const path = named ?? policyPaths.find((candidate) => !isMissing(candidate))
  if (path === undefined) {
    io.wrong(
      "no-policy-file",
      `there is no policy: neither ./${policyPaths.join(" nor ")} is there`,
      "floodwall init > floodwall.yaml writes one for this host",
    )
    return undefined
  }
  if (named === undefined) io.note(`Policy: ${path}`)
  const read = path === "-" ? readOpen(0) : readTrusted(path)
  if ("problem" in read) {
    const hint = "distrusted" in read ? `sudo install -D -m 644 ${path} ${OWN}, and name that` : undefined
    io.wrong("unreadable-file", `${path} cannot be read: ${read.problem}`, hint)
    return undefined
  }
  const found = recogniseFormat(read.text)
  if (found !== undefined && found.format !== "policy") {
    io.wrong(
      "bad-command-line",
      `${path === "-" ? "standard input" : path} is no policy but rules (${found.format}, by ${found.because})`,
      `check, compile, replay and explain take them with --rules ${path}`,
    )
    return undefined
  }
  return { path: path === "-" ? "standard-input" : path, text: read.text }
}

/** This machine's files, for a policy's includes and lists. */
export function fileEnvironment(host: HostFacts): PolicyEnvironment {
  return { read: readTrusted, glob, host }
}

/** Whoever can write root's policy is root: such files are refused, and so is what anybody but the owner can replace on the way to them. */
function readTrusted(path: string): ReadFile {
  if (process.getuid?.() === 0 && !isDevice(path)) {
    const found = distrust(path, 0)
    if (found) {
      const what = found.path === path ? "it" : found.path
      return {
        problem: `${what} ${found.why}, and root does as it says`,
        distrusted: true,
      }
    }
  }
  let descriptor: number
  try {
    descriptor = openSync(path, "r")
  } catch (error) {
    return { problem: reasonOf(error) }
  }
  try {
    return readOpen(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** A file's text, or why there is none. */
export function readOpen(descriptor: number): { readonly text: string } | { readonly problem: string } {
  try {
    const stat = fstatSync(descriptor)
    if (stat.isDirectory()) return { problem: "it is a directory" }
    if (stat.isCharacterDevice() && descriptor !== 0) return { problem: "it is a device" }
    if (stat.size > LARGEST) return { problem: `it has more than ${LARGEST / 1024 / 1024} MB` }
    return { text: readFileSync(descriptor, "utf8") }
  } catch (error) {
    return { problem: reasonOf(error) }
  }
}

function isDevice(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isCharacterDevice() === true
}

function isMissing(path: string): boolean {
  try {
    closeSync(openSync(path, "r"))
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT"
  }
}

/** A million prefixes are 20 MB of text. */
const LARGEST = 256 * 1024 * 1024

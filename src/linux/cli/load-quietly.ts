import { loadPolicy } from "../../core/policy/load.js"
import type { Policy } from "../../core/policy/policy.js"
import { gatherFacts } from "../host/facts.js"
import { readText } from "../host/files.js"
import { fileEnvironment } from "./policy-file.js"

/** The policy at a path as it is now; undefined where it cannot be read or has mistakes: other commands tell of those. */
export function loadQuietly(path: string): Policy | undefined {
  const text = readText(path)
  return text === undefined ? undefined : loadPolicy({ path, text }, fileEnvironment(gatherFacts())).policy
}

import { statSync } from "node:fs"
import type { Diagnostic } from "../../core/base/diagnostic.js"
import { VERDICT_ACCEPT, VERDICT_DROP, VERDICT_REJECT } from "../../core/engine/verdict.js"
import type { CaptureRecord } from "../../core/packet/capture-record.js"
import { reasonOf } from "../capture/reason.js"
import { CaptureWriter } from "../capture/write-capture.js"
import type { Io } from "./output.js"

interface Output {
  readonly path: string
  readonly writer: CaptureWriter
  /** Packets that did not fit: a pcap file has one link type. */
  left: number
}

/** The captures of `--accepted` and `--dropped`. */
export class SortedCaptures {
  readonly #accepted: Output | undefined
  readonly #dropped: Output | undefined
  #linkType: number | undefined
  /** What the file system refused; nothing is written behind it. */
  #failure: string | undefined

  private constructor(accepted: Output | undefined, dropped: Output | undefined) {
    this.#accepted = accepted
    this.#dropped = dropped
  }

  /** Undefined: one of them cannot be written, which has been reported. */
  static open(
    paths: { readonly accepted?: string; readonly dropped?: string },
    io: Io,
  ): SortedCaptures | undefined {
    const opened: (Output | undefined)[] = []
    for (const path of [paths.accepted, paths.dropped]) {
      try {
        opened.push(path === undefined ? undefined : { path, writer: new CaptureWriter(path), left: 0 })
      } catch (error) {
        io.wrong("unwritable-file", `${path} cannot be written: ${reasonOf(error)}`)
        return undefined
      }
    }
    return new SortedCaptures(opened[0], opened[1])
  }

  /** Is anything to be written at all? */
  get isWriting(): boolean {
    return this.#accepted !== undefined || this.#dropped !== undefined
  }

  write(record: CaptureRecord, verdict: number, interfaceName: string): void {
    this.#linkType ??= record.linkType
    const output =
      verdict === VERDICT_ACCEPT
        ? this.#accepted
        : verdict === VERDICT_DROP || verdict === VERDICT_REJECT
          ? this.#dropped
          : undefined
    if (!output || this.#failure !== undefined) return
    try {
      if (!output.writer.write(record, interfaceName)) output.left++
    } catch (error) {
      this.#failure = `${output.path} cannot be written: ${reasonOf(error)}`
    }
  }

  /** Ends the files, and says what of them is missing. */
  close(): readonly Diagnostic[] {
    const problems: Diagnostic[] = []
    for (const output of [this.#accepted, this.#dropped]) {
      if (!output) continue
      try {
        output.writer.close(this.#linkType)
      } catch (error) {
        this.#failure ??= `${output.path} cannot be written: ${reasonOf(error)}`
      }
      if (output.left > 0) {
        problems.push({
          id: "mixed-link-types",
          severity: "error",
          message: `${output.path} lacks ${output.left} packets of other link types than its first: a pcap file has one`,
          hint: `name it ${output.path.replace(/\.pcap$/, "")}.pcapng`,
        })
      }
    }
    if (this.#failure !== undefined) {
      problems.push({ id: "unwritable-file", severity: "error", message: this.#failure })
    }
    return problems
  }
}

/** Whether two paths are the same file. */
export function isSameFile(left: string, right: string): boolean {
  if (left === right) return true
  try {
    const [one, other] = [statSync(left), statSync(right)]
    return one.isFile() && one.dev === other.dev && one.ino === other.ino
  } catch {
    return false
  }
}

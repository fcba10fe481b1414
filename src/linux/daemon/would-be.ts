import type { Prefix } from "../../core/base/prefix.js"
import { sourceText } from "../../core/block/block.js"
import type { Finding } from "../../core/event/finding.js"
import { time } from "./book-lines.js"
import type { WouldBeBlocked } from "./protocol.js"

/** So many sources are remembered. */
const SOURCES_MAXIMUM = 1000

/** Who would have been blocked if the policy's action were `block`: what `status` says while protections are on `notify`. */
export class WouldBeList {
  readonly #sources = new Map<string, WouldBeBlocked>()

  get all(): readonly WouldBeBlocked[] {
    return [...this.#sources.values()]
  }

  add(finding: Finding, source: Prefix): void {
    const text = sourceText(source)
    const before = this.#sources.get(text)
    if (before === undefined && this.#sources.size >= SOURCES_MAXIMUM) {
      const [oldest = ""] = this.#sources.keys()
      this.#sources.delete(oldest)
    }
    // Anew, so that the first key is who was quiet for longest.
    this.#sources.delete(text)
    this.#sources.set(text, {
      source: text,
      kind: finding.detector,
      times: (before?.times ?? 0) + 1,
      last: time(finding.at) ?? "",
      hadConnections: finding.proven || (before?.hadConnections ?? false),
    })
  }
}

import type { Span } from "../base/diagnostic.js"
import { didYouMean } from "../base/nearest.js"
import { type Draft, newDraft, parseHex } from "./script-draft.js"
import type { Token } from "./script-lexer.js"
import { parseNumber, parseTime, TokenReader } from "./script-reader.js"
import {
  extensionNames,
  flagWords,
  formWords,
  icmpNames,
  icmpv6Names,
  numberWords,
  parseFlags,
  protocolNames,
} from "./script-words.js"

const MOST_REPETITIONS = 100_000

/** Reads the words behind the addresses into the draft. */
export abstract class AttributeParser extends TokenReader {
  protected readonly draft: Draft = newDraft()

  /** Reads a packet that stands in parentheses. */
  protected abstract nested(tokens: readonly Token[]): Draft

  /** The words behind the addresses, in any order. */
  protected attributes(): void {
    for (let token = this.take(); token; token = this.take()) {
      if (token.quoted) {
        this.draft.payload = Uint8Array.from(token.text, (character) => character.charCodeAt(0))
        continue
      }
      const name = token.text
      const largest = numberWords[name]
      if (largest !== undefined) this.draft.numbers.set(name, this.number(name, largest))
      else if (flagWords.includes(name)) this.flagWord(token)
      else if (formWords.includes(name)) this.formWord(token)
      else if (protocolNames[name] !== undefined) this.draft.numbers.set("proto", protocolNames[name])
      else this.flags(token)
    }
  }

  private flagWord({ text }: Token): void {
    if (text === "tcp" || text === "udp") this.draft.transport = text
    else if (text === "icmp" || text === "icmpv6") this.icmp()
    else this.draft.words.add(text)
  }

  /** `icmp echo-request`, or `icmp type 8 code 0`. */
  private icmp(): void {
    this.draft.transport = "icmp"
    const name = this.peek() ?? ""
    const names = this.draft.source?.address.family === 6 ? icmpv6Names : icmpNames
    const known = names.find((each) => each.name === name)
    if (known) {
      this.take()
      this.draft.icmpType = known.type
      this.draft.icmpCode = known.code
    } else if (
      name !== "" &&
      numberWords[name] === undefined &&
      !formWords.includes(name) &&
      !flagWords.includes(name)
    ) {
      const token = this.take()!
      this.mistake(
        "script-word",
        `"${name}" is no ICMP type`,
        token.span,
        didYouMean(
          name,
          names.map((each) => each.name),
        ),
      )
      this.draft.icmpType = 0
    }
  }

  private flags(token: Token): void {
    const flags = parseFlags(token.text)
    if (flags !== undefined && this.draft.flags === undefined) {
      this.draft.flags = flags
      this.draft.transport ??= "tcp"
      return
    }
    const known = [...Object.keys(numberWords), ...flagWords, ...formWords, ...Object.keys(protocolNames)]
    this.mistake(
      "script-word",
      `"${token.text}" has no meaning here`,
      token.span,
      didYouMean(token.text, known),
    )
    if (/^\d/.test(this.peek() ?? "")) this.take()
  }

  private formWord({ text, span }: Token): void {
    switch (text) {
      case "frag":
        this.fragment()
        return
      case "ts":
        this.timestamps()
        return
      case "ext":
        this.extension()
        return
      case "ip-options":
        this.draft.ipOptions = this.hex()
        return
      case "tcp-options":
        this.draft.tcpOptions = this.hex()
        return
      case "hex":
        this.draft.payload = this.hex()
        return
      case "data":
        if (!this.tokens[this.at]?.quoted)
          this.mistake(
            "script-quote",
            'behind data stands a text in "quotes"',
            this.spanOf(this.tokens[this.at]),
          )
        return
      case "quote":
        this.quote(span)
        return
      case "repeat":
        this.repeat()
        return
      case "split":
        this.draft.split = this.number("split", 65535)
        return
    }
  }

  /** `frag ID/OFFSET[/more]`, `frag ID/0` being an atomic fragment of IPv6. */
  private fragment(): void {
    const token = this.take()
    const found = /^(\w+)\/(\d+)(\/more)?$/.exec(token?.text ?? "")
    const id = parseNumber(found?.[1] ?? "")
    const offset = Number(found?.[2])
    if (!found || id === undefined || offset % 8 !== 0 || offset > 65528) {
      this.mistake(
        "script-fragment",
        `"${token?.text ?? ""}" is no fragment`,
        this.spanOf(token),
        "write frag 7/1480/more: identification, offset in bytes (a multiple of 8), whether more follow",
      )
      return
    }
    this.draft.fragment = { offset, more: found[3] !== undefined }
    this.draft.numbers.set("ip-id", id)
  }

  private timestamps(): void {
    const token = this.take()
    const [value, echo] = (token?.text ?? "").split("/").map(parseNumber)
    if (value === undefined || echo === undefined) {
      this.mistake(
        "script-number",
        `"${token?.text ?? ""}" are no timestamps`,
        this.spanOf(token),
        "write ts 100/0",
      )
      return
    }
    this.draft.timestamps = [value >>> 0, echo >>> 0]
  }

  /** `ext hop-by-hop`, `ext destination:0104000000`. */
  private extension(): void {
    const token = this.take()
    const [name = "", hex = ""] = (token?.text ?? "").split(/:(.*)/s)
    const header = extensionNames[name]
    const body = parseHex(hex)
    if (header === undefined || !body) {
      this.mistake(
        "script-word",
        `"${token?.text ?? ""}" is no extension header`,
        this.spanOf(token),
        `write one of ${Object.keys(extensionNames).join(", ")}, and :HEX for its bytes`,
      )
      return
    }
    this.draft.extensions.push({ header, body })
  }

  /** `quote ( PACKET )` */
  private quote(span: Span): void {
    if (this.peek() !== "(") {
      this.mistake("script-quote", "behind quote stands a packet in ( )", span)
      return
    }
    this.take()
    const start = this.at
    let depth = 1
    while (depth > 0 && this.at < this.tokens.length) {
      const token = this.tokens[this.at++]
      if (token?.quoted === false && token.text === "(") depth++
      else if (token?.quoted === false && token.text === ")") depth--
    }
    if (depth > 0) this.mistake("script-quote", "the ( is never closed", span)
    const inner = this.tokens.slice(start, depth > 0 ? this.at : this.at - 1)
    if (inner.length === 0) {
      this.mistake("script-no-packet", "there is no packet here", span)
      return
    }
    this.draft.quote = this.nested(inner)
  }

  /** `repeat 100`, `repeat 100 every 1ms` */
  protected repeat(): void {
    this.draft.repeat = this.number("repeat", MOST_REPETITIONS)
    if (this.peek() !== "every") return
    this.take()
    const token = this.take()
    const every = parseTime(token?.text ?? "")
    if (every === undefined)
      this.mistake(
        "script-time",
        `"${token?.text ?? ""}" is not a time`,
        this.spanOf(token),
        "write every 1ms",
      )
    this.draft.every = every ?? 0
  }

  /** What only the whole line shows. */
  protected check(span: Span): void {
    const { draft } = this
    const later = (draft.fragment?.offset ?? 0) > 0
    const ports = draft.source?.port !== undefined && draft.destination?.port !== undefined
    const onePort = draft.source?.port !== undefined || draft.destination?.port !== undefined
    if (later) {
      if (draft.transport) draft.numbers.set("proto", protocolOf(draft))
      return
    }
    const needsPorts = draft.transport === "udp" || (draft.transport === "tcp" && draft.flags !== undefined)
    if (needsPorts && !ports && draft.source && draft.destination)
      this.mistake(
        "script-ports",
        `${draft.transport} needs two ports`,
        span,
        "write 10.0.0.9:40000 > 10.0.0.1:22",
      )
    if (onePort && draft.transport !== "tcp" && draft.transport !== "udp")
      this.mistake(
        "script-ports",
        "ports, but neither tcp flags nor udp",
        span,
        "write S, ., FPU, none or udp behind the addresses",
      )
    if (draft.transport === "tcp" && draft.flags === undefined) {
      if (onePort) this.mistake("script-flags", "tcp needs its flags", span, "write S, S., P., FPU or none")
      else draft.numbers.set("proto", 6)
    }
    if (draft.transport === "icmp" && draft.icmpType === undefined) {
      const type = draft.numbers.get("type")
      if (type === undefined)
        this.mistake("script-word", "icmp needs its type", span, "write icmp echo-request or icmp type 8")
      draft.icmpType = type
    }
    if (draft.transport === "icmp") draft.icmpCode = draft.numbers.get("code") ?? draft.icmpCode
  }
}

function protocolOf(draft: Draft): number {
  if (draft.transport === "tcp") return 6
  if (draft.transport === "udp") return 17
  return draft.source?.address.family === 6 ? 58 : 1
}

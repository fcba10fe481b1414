import { parseAddress } from "../base/address.js"
import { didYouMean } from "../base/nearest.js"
import { LINKTYPE_RAW, linkTypeNumber } from "./link-type.js"
import { AttributeParser } from "./script-attributes.js"
import type { Draft, Endpoint } from "./script-draft.js"
import type { Token } from "./script-lexer.js"
import { parseNumber, parseTime } from "./script-reader.js"

const leadingWords = ["in", "out", "vlan", "mac", "raw", "arp", "frame", "ethertype"]

/** Words of a packet phrase (`in on wan tcp port 22 from 10.0.0.9`) that are no devices. */
const phraseWords = new Set(["on", "tcp", "udp", "icmp", "icmpv6", "port", "from", "to"])

/** Each is read inside of the other: the stack is the limit, so there has to be one. */
const MOST_QUOTATIONS = 3

/** Reads the words of one line into a draft. Mistakes are reported, and reading goes on behind them. */
export class LineParser extends AttributeParser {
  private depth = 0

  parse(): Draft {
    this.time()
    this.lead()
    return this.draft
  }

  protected override nested(tokens: readonly Token[]): Draft {
    const inner = new LineParser(tokens, this.report)
    inner.depth = this.depth + 1
    if (inner.depth <= MOST_QUOTATIONS) return inner.parse()
    this.mistake("script-quote", "a quotation in a quotation in a quotation is enough", this.previous())
    return inner.draft
  }

  private time(): void {
    const text = this.peek()
    if (text === undefined || !/^[+@]/.test(text)) return
    const token = this.take()!
    const nanoseconds = parseTime(text.slice(1))
    if (nanoseconds === undefined) {
      this.mistake("script-time", `"${text}" is not a time`, token.span, "write +0.3, +5ms or @2s")
    } else if (text.startsWith("@")) this.draft.absoluteTime = nanoseconds
    else this.draft.delay = nanoseconds
  }

  /** What stands before the packet, then the packet. */
  private lead(): void {
    for (;;) {
      const token = this.take()
      if (!token) {
        this.mistake("script-no-packet", "there is no packet here", this.previous())
        return
      }
      switch (token.text) {
        case "in":
          this.draft.inputInterface = this.device("in")
          continue
        case "out":
          this.draft.outputInterface = this.device("out")
          continue
        case "vlan":
          this.vlan()
          continue
        case "mac":
          this.mac()
          continue
        case "raw":
          this.draft.linkType = LINKTYPE_RAW
          continue
        case "arp":
          this.arp()
          return
        case "frame":
          this.frame()
          return
        case "ethertype":
          this.draft.etherType = this.number("ethertype", 0xffff)
          {
            this.attributes()
            return
          }
        default:
          this.addresses(token)
          return
      }
    }
  }

  /** What `in` or `out` names. A packet phrase reads much the same, and its next word would be taken for a device. */
  private device(way: "in" | "out"): string {
    const token = this.take()
    const text = token?.text ?? ""
    const hint = `a packet names a device behind ${way}, or begins with its addresses: ${way} eth0 10.0.0.9:40000 > 10.0.0.1:22 S`
    if (!token) this.mistake("script-no-packet", `a device is missing behind ${way}`, this.previous(), hint)
    else if (phraseWords.has(text) || this.peek() === ">" || !/^[^/:\s]{1,15}$/.test(text))
      this.mistake("script-word", `"${text}" is no device`, token.span, hint)
    // The device was left out, and this is the source.
    if (token && this.peek() === ">") this.at--
    return text
  }

  private vlan(): void {
    const token = this.take()
    const tags = (token?.text ?? "").split(".").map(parseNumber)
    if (!token || tags.some((tag) => tag === undefined || tag > 0xffff)) {
      this.mistake(
        "script-number",
        `"${token?.text ?? ""}" is no VLAN`,
        this.spanOf(token),
        "write vlan 10 or vlan 10.20",
      )
      return
    }
    this.draft.vlans = tags as number[]
  }

  private mac(): void {
    this.draft.sourceMac = this.hardwareAddress()
    this.expect(">")
    this.draft.destinationMac = this.hardwareAddress()
  }

  private hardwareAddress(): string {
    const token = this.take()
    const text = token?.text ?? ""
    if (/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text)) return text.toLowerCase()
    this.mistake(
      "script-address",
      `"${text}" is no hardware address`,
      this.spanOf(token),
      "write it as 02:00:00:00:00:01",
    )
    return "00:00:00:00:00:00"
  }

  /** `arp who-has A tell B`, `arp reply A is-at MAC`. */
  private arp(): void {
    const token = this.take()
    if (token?.text === "who-has") {
      const target = this.ipv4()
      this.expect("tell")
      const sender = this.ipv4()
      const senderMac = this.draft.sourceMac ?? "02:00:00:00:00:01"
      this.draft.arp = { operation: 1, senderMac, sender, targetMac: "00:00:00:00:00:00", target }
    } else if (token?.text === "reply") {
      const sender = this.ipv4()
      this.expect("is-at")
      const senderMac = this.hardwareAddress()
      const hasTarget = this.peek() === "tell"
      if (hasTarget) this.take()
      const target = hasTarget ? this.ipv4() : sender
      const targetMac = this.draft.destinationMac ?? "02:00:00:00:00:02"
      this.draft.arp = { operation: 2, senderMac, sender, targetMac, target }
    } else {
      this.mistake(
        "script-word",
        `"${token?.text ?? ""}" is no ARP message`,
        this.spanOf(token),
        "write arp who-has A tell B, or arp reply A is-at MAC",
      )
      return
    }
    this.attributes()
  }

  private ipv4(): string {
    const token = this.take()
    const address = parseAddress(token?.text ?? "")
    if (address?.family === 4) return token!.text
    this.mistake("script-address", `"${token?.text ?? ""}" is no IPv4 address`, this.spanOf(token))
    return "0.0.0.0"
  }

  /** `frame [LINK] HEX`, LINK being a name or a LINKTYPE number; `-` is a frame without bytes. */
  private frame(): void {
    const text = this.peek() ?? ""
    const named = linkTypeNumber(text)
    const hasNumber = this.tokens[this.at + 1] !== undefined && /^\d+$/.test(text)
    if (named !== undefined || hasNumber) {
      this.take()
      this.draft.linkType = named ?? Number(text)
    }
    if (this.peek() === "-") this.take()
    this.draft.frame = this.tokens[this.at - 1]?.text === "-" ? new Uint8Array(0) : this.hex()
    this.repetitionOnly()
  }

  private repetitionOnly(): void {
    for (let token = this.take(); token; token = this.take()) {
      if (token.text === "repeat") this.repeat()
      else this.mistake("script-word", `"${token.text}" has no meaning behind a frame`, token.span)
    }
  }

  private addresses(first: Token): void {
    const source = this.endpoint(first, didYouMean(first.text, leadingWords))
    // A line that begins with something else is not worth more than one complaint.
    if (!source && this.peek() !== ">") return
    this.expect(">")
    const destinationToken = this.take()
    const destination = destinationToken && this.endpoint(destinationToken, undefined)
    if (!destinationToken)
      this.mistake(
        "script-address",
        "the destination is missing",
        this.previous(),
        "write SOURCE > DESTINATION",
      )
    if (source && destination && source.address.family !== destination.address.family)
      this.mistake("script-families", "one address is IPv4, the other IPv6", destinationToken!.span)
    this.draft.source = source
    this.draft.destination = destination
    this.attributes()
    if (this.mistakes === 0) this.check(first.span)
  }

  /** `10.0.0.9`, `10.0.0.9:80`, `2001:db8::1`, `[2001:db8::1]:80`, each number with `++` behind it or not. */
  private endpoint(token: Token, hint: string | undefined): Endpoint | undefined {
    const bracketed = /^\[([^\]]*?)(\+\+)?\](?::(\d+)(\+\+)?)?$/.exec(token.text)
    const colons = token.text.split(":").length - 1
    const plain = /^([^[\]+]*?)(\+\+)?(?::(\d+)(\+\+)?)?$/.exec(token.text)
    const bare = colons > 1 ? /^([^[\]+]*?)(\+\+)?()()$/.exec(token.text) : plain
    const [, text = "", addressStep, port, portStep] = bracketed ?? bare ?? []
    const address = parseAddress(text)
    if (!address) {
      this.mistake(
        "script-address",
        `"${token.text}" is no address`,
        token.span,
        hint ?? "write 10.0.0.9, 10.0.0.9:80, 2001:db8::1 or [2001:db8::1]:80",
      )
      return undefined
    }
    if (port && Number(port) > 65535) this.mistake("script-number", `port ${port} is above 65535`, token.span)
    return {
      address,
      addressStep: addressStep ? 1 : 0,
      port: port ? Number(port) & 0xffff : undefined,
      portStep: portStep ? 1 : 0,
    }
  }
}

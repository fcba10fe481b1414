import { parseAddress } from "../../core/base/address.js"
import { isProblem } from "../../core/base/diagnostic.js"
import { type Prefix, parsePrefix } from "../../core/base/prefix.js"
import { blockForDefault } from "../../core/block/duration.js"
import type { Book } from "./book.js"
import type { Reply, Request } from "./protocol.js"

type BookRequest = Extract<Request, { request: "blocked" | "block" | "unblock" | "events" | "why" }>

/** What the book says to a request: the same whether the guard is asked, or a command that works without one. */
export function answerRequest(request: BookRequest | Request, book: Book): Reply {
  switch (request.request) {
    case "blocked":
      return { answer: { blocked: book.blocked() } }
    case "block": {
      const hosts = prefixesOf(request.hosts)
      if (typeof hosts === "string") return wrong(hosts)
      const seconds =
        request.seconds === null ? Number.POSITIVE_INFINITY : (request.seconds ?? blockForDefault)
      return { answer: { changed: book.block(hosts, seconds, request.why ?? "by hand") } }
    }
    case "unblock": {
      if (request.hosts === "all") return { answer: { changed: book.unblock("all") } }
      const hosts = prefixesOf(request.hosts)
      return typeof hosts === "string" ? wrong(hosts) : { answer: { changed: book.unblock(hosts) } }
    }
    case "events":
      return { answer: { events: book.events(request.filter) } }
    case "why": {
      const address = parseAddress(request.address)
      return address
        ? { answer: { known: book.known(address) } }
        : wrong(`"${request.address}" is not an address`)
    }
    default:
      return { error: { kind: "wrong", id: "bad-request", message: "there is no such request" } }
  }
}

function prefixesOf(texts: readonly string[]): readonly Prefix[] | string {
  const prefixes: Prefix[] = []
  for (const text of texts) {
    const prefix = parsePrefix(text)
    if (isProblem(prefix)) return prefix.message
    prefixes.push(prefix)
  }
  return prefixes
}

function wrong(message: string): Reply {
  return { error: { kind: "wrong", id: "bad-request", message } }
}

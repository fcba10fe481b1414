import { isProblem, type Problem } from "../base/diagnostic.js"
import { parsePorts } from "../base/ports.js"
import type { PortSelector } from "./policy.js"
import type { Report } from "./report.js"
import { describe, type Node, type ScalarNode } from "./tree.js"

/** Reads `ssh`, `[80/tcp, 8000-8100]` or `22,80`: a port, or a list of them. */
export function readPortList(node: Node, report: Report): PortSelector[] {
  if (node.kind === "scalar") return readPortWords(node, report)
  if (node.kind === "list") return node.items.flatMap((item) => readPortList(item, report))
  if (node.kind === "empty") {
    report.error("empty-value", node.span, "no port stands here", { hint: "an empty list is []" })
  } else {
    report.error("wrong-kind", node.span, `ports are a list, not ${describe(node)}`, {
      hint: "ports: [22/tcp, 8000-8100]",
    })
  }
  return []
}

/** The ports of one word; commas make several. */
export function readPortWords(node: ScalarNode, report: Report): PortSelector[] {
  return node.text.split(",").flatMap((word) => {
    const port = parsePort(word.trim())
    if (!isProblem(port)) return [port]
    report.problem(port, node.span)
    return []
  })
}

export function parsePort(text: string): PortSelector | Problem {
  const octal = /^0\d+/.exec(text)
  if (octal) {
    return {
      id: "yaml-number",
      message: `${octal[0]} begins with a zero: octal to some, decimal to others`,
      hint: `write ${text.replace(/^0+(?=\d)/, "")}`,
    }
  }
  const ports = parsePorts(text)
  if (isProblem(ports)) {
    const swapped = /^(tcp|udp)\W(.+)$|^(.+)[:;](tcp|udp)$/i.exec(text)
    if (/\w\s+\w/.test(text)) return { ...ports, hint: "several ports are a list: [ssh, http]" }
    if (!swapped) return ports
    const word = `${swapped[2] ?? swapped[3]}/${(swapped[1] ?? swapped[4])!.toLowerCase()}`
    return isProblem(parsePorts(word)) ? ports : { ...ports, hint: `write ${word}` }
  }
  if (ports.from === 0) return { id: "not-a-port", message: "0 is not a port that anybody dials" }
  return {
    protocol: ports.protocols.length === 1 ? ports.protocols[0]! : "any",
    range: { from: ports.from, to: ports.to },
  }
}

export function printPort({ protocol, range }: PortSelector): string {
  const numbers = range.from === range.to ? `${range.from}` : `${range.from}-${range.to}`
  return protocol === "any" ? numbers : `${numbers}/${protocol}`
}

import { expect, test } from "vitest"
import { printDiagnostic } from "../base/diagnostic.js"
import { type RuleFormat, readRules } from "./formats.js"

const saved = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 192.0.2.1/32 -j DROP\nCOMMIT\n"
const script = "iptables -A INPUT -s 192.0.2.1/32 -j DROP\n"
const nft = "table ip filter {\n\tchain input {\n\t\tip saddr 192.0.2.1 drop\n\t}\n}\n"

const foreign: readonly (readonly [RuleFormat, string, reader: string])[] = [
  ["iptables", saved, "iptables-restore"],
  ["iptables", script, "a shell"],
  ["nft", nft, "nft"],
]

test.each(foreign)("%s from another system says the same, and is refused", (format, text, reader) => {
  const plain = readRules({ path: "rules", text }, format)
  expect(plain.diagnostics).toEqual([])
  const marked = readRules({ path: "rules", text: `\uFEFF${text.replaceAll("\n", "\r\n")}` }, format)
  expect(marked.ruleset).toEqual(plain.ruleset)
  expect(marked.diagnostics.map(({ severity }) => severity)).toEqual(["error", "error"])
  const end = text.indexOf("\n") + 2
  expect(marked.diagnostics.map((each) => printDiagnostic(each).split(" [")[0])).toEqual([
    `rules:1:1: the text begins with a byte order mark, which ${reader} refuses`,
    `rules:1:${end}: lines end with a carriage return, which ${reader} refuses`,
  ])
})

test("a carriage return within a line is no line's end", () => {
  const text = "# a\rb\ntable ip t {\n}\n"
  expect(readRules({ path: "rules", text }, "nft").diagnostics).toEqual([])
})

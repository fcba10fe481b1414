import { expect, test } from "vitest"
import { displayWidth, formatCount, formatSeconds, formatShare, formatTable, plural, wrap } from "./text.js"

test.each([
  [0, "0"],
  [999, "999"],
  [1000, "1,000"],
  [1234567, "1,234,567"],
])("formatCount(%d)", (count, text) => {
  expect(formatCount(count)).toBe(text)
})

test("plural counts", () => {
  expect([
    plural(0, "packet"),
    plural(1, "packet"),
    plural(2000, "packet"),
    plural(2, "entry", "entries"),
  ]).toEqual(["0 packets", "1 packet", "2,000 packets", "2 entries"])
})

test.each([
  [4.2, "4 s"],
  [59.6, "1 min 00 s"],
  [125, "2 min 05 s"],
  [3720, "1 h 02 min"],
  [273600, "3 d 4 h"],
])("formatSeconds(%d)", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text)
})

test.each([
  [0, 0, "0 %"],
  [0, 5, "0 %"],
  [1, 1000, "<1 %"],
  [999, 1000, ">99 %"],
  [1000, 1000, "100 %"],
  [87, 100, "87 %"],
])("formatShare(%d, %d) does not round to all or nothing", (part, whole, text) => {
  expect(formatShare(part, whole)).toBe(text)
})

test.each([
  ["plain", 5],
  ["\u001b[31mred\u001b[39m", 3],
  ["naïve", 5],
  ["nai\u0308ve", 5],
  ["日本", 4],
  ["█░", 2],
  ["🔥", 2],
])("displayWidth(%j)", (text, width) => {
  expect(displayWidth(text)).toBe(width)
})

test("formatTable aligns by what is seen", () => {
  const columns = [{ title: "source" }, { title: "packets", align: "right" as const }, { title: "why" }]
  const rows = [
    ["\u001b[36m192.0.2.1\u001b[39m", "1,200", "syn-floods"],
    ["日本", "7", ""],
  ]
  expect(
    formatTable(columns, rows).replaceAll("\u001b[36m", "").replaceAll("\u001b[39m", ""),
  ).toMatchInlineSnapshot(`
    "source     packets  why
    192.0.2.1    1,200  syn-floods
    日本             7"
  `)
})

test("wrap breaks at words and keeps line ends", () => {
  expect(wrap("one two three four\n\nfive", 11, "  ")).toBe("  one two\n  three\n  four\n\n  five")
})

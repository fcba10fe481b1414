import { expect, test } from "vitest"
import { compareListings, parseListing } from "./listing.js"
import { parseNftErrors } from "./nft.js"

const listing = (letter: string, extra = "") => `table inet floodwall {
	set trial {
		type nf_proto
		size 4
		flags timeout
	}

	set seen4 {
		type ipv4_addr
		size 65535
		flags dynamic,timeout
		timeout 1m
		elements = { 192.0.2.1 limit rate 5/second expires 59s,
			     192.0.2.2 limit rate 5/second expires 3s }
	}

	set block-list.${letter} {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0/8,
			     172.16.0.0/12 }
	}

	chain input.${letter} {
		type filter hook input priority filter; policy accept;
		meta nfproto != @trial return comment "gate: trial"
		ct state vmap { established : accept, new : jump new.${letter} }
		${extra}
	}

	chain new.${letter} {
		ip saddr @block-list.${letter} counter drop comment "blocklist"
	}
}
`

test("the same rules under another letter, with other elements in sets that move, are the same", () => {
  const other = listing("b").replaceAll("192.0.2.", "198.51.100.")
  expect(compareListings(parseListing(listing("a"), "a"), parseListing(other, "b"))).toEqual([])
  expect(parseListing(listing("a"), "a").map(({ name }) => name)).toEqual([
    "inet floodwall set seen4",
    "inet floodwall set block-list",
    "inet floodwall chain input",
    "inet floodwall chain new",
  ])
})

test("what was added, taken away or changed is told, with its place", () => {
  const wanted = parseListing(listing("a", "tcp dport 22 drop"), "a")
  const text = listing("a", "tcp dport 22 accept").replace("10.0.0.0/8", "10.0.0.0/9")
  expect(compareListings(wanted, parseListing(text, "a"))).toEqual([
    { where: "inet floodwall set block-list", side: "policy", line: "element 10.0.0.0/8" },
    { where: "inet floodwall set block-list", side: "kernel", line: "element 10.0.0.0/9" },
    { where: "inet floodwall chain input", side: "policy", line: "tcp dport 22 drop" },
    { where: "inet floodwall chain input", side: "kernel", line: "tcp dport 22 accept" },
  ])
  expect(compareListings(wanted, parseListing(listing("b"), "a")).map(({ line }) => line)).toEqual([
    "(missing in the kernel)",
    "(missing in the kernel)",
    "(missing in the kernel)",
  ])
})

test("the order of elements is the kernel's seed's, and no difference", () => {
  const one = "tcp flags & (fin | syn) vmap { 0x0 : drop, fin | syn : jump new.a, fin : drop }"
  const other = "tcp flags & (fin | syn) vmap { fin : drop, fin | syn : jump new.a, 0x0 : drop }"
  const swapped = listing("a", other).replace(/10.0.0.0.8,([^}]*)172.16.0.0.12/, "172.16.0.0/12,$110.0.0.0/8")
  expect(swapped).toContain("{ 172.16.0.0/12,")
  expect(compareListings(parseListing(listing("a", one), "a"), parseListing(swapped, "a"))).toEqual([])
})

test("a set that no rule asks is no difference, one that a rule asks is", () => {
  const extra = (rule: string) =>
    listing("a", rule).replace(
      "\tchain input.a",
      "\tset more {\n\t\ttype ipv4_addr\n\t\tsize 9\n\t}\n\n\tchain input.a",
    )
  const wanted = parseListing(listing("a", "tcp dport 1 drop"), "a")
  expect(compareListings(wanted, parseListing(extra("tcp dport 1 drop"), "a"))).toEqual([])
  const found = compareListings(wanted, parseListing(extra("ip saddr @more drop"), "a"))
  expect(found.map(({ where, side }) => `${where} ${side}`)).toEqual([
    "inet floodwall chain input policy",
    "inet floodwall chain input kernel",
    "inet floodwall set more kernel",
  ])
})

test("a rule that moved is a difference", () => {
  const one = "tcp dport 1 drop\n\t\ttcp dport 2 drop"
  const other = "tcp dport 2 drop\n\t\ttcp dport 1 drop"
  const found = compareListings(parseListing(listing("a", one), "a"), parseListing(listing("a", other), "a"))
  expect(found).toHaveLength(2)
})

test("nft's complaints are read with the line they are about", () => {
  const input = "table inet t {\n  chain c { }\n  nonsense\n}\n"
  const error = `/dev/stdin:3:3-10: Error: syntax error, unexpected string
  nonsense
  ^^^^^^^^
netlink: Error: cache initialization failed: Operation not permitted
`
  expect(parseNftErrors(error, input)).toEqual([
    { line: 3, column: 3, message: "syntax error, unexpected string", text: "nonsense" },
    { message: "cache initialization failed: Operation not permitted" },
  ])
  expect(parseNftErrors("", input)).toEqual([{ message: "nft failed without a word" }])
})

test("a rule that comes from another line of a policy is the same rule", () => {
  const moved = listing("a").replace('comment "blocklist"', 'comment "policy.yaml:7 blocklist"')
  expect(moved).not.toBe(listing("a"))
  expect(compareListings(parseListing(listing("a"), "a"), parseListing(moved, "a"))).toEqual([])
})

test("a block list has more elements than a call takes arguments", () => {
  const elements = Array.from(
    { length: 200_000 },
    (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
  )
  const text = `table inet floodwall {\n\tset list.a {\n\t\ttype ipv4_addr\n\t\telements = { ${elements.join(",\n\t\t\t     ")} }\n\t}\n}\n`
  const [block] = parseListing(text, "a")
  expect(block?.lines).toHaveLength(200_001)
})

import { expect, test } from "vitest"
import { tableIn } from "./nft.js"

test("one table out of a listing of many", () => {
  const listing = `table ip nat {
	chain floodwall {
	}
}
table inet floodwall2 {
}
table inet floodwall {
	set pause {
		type mark
	}

	chain bypass {
		tcp dport { 22, 80 } accept
	}
}
table inet other {
}
`
  expect(tableIn(listing, "inet floodwall")).toBe(`table inet floodwall {
	set pause {
		type mark
	}

	chain bypass {
		tcp dport { 22, 80 } accept
	}
}
`)
  expect(tableIn(listing, "inet floodwall2")).toBe("table inet floodwall2 {\n}\n")
  expect(tableIn(listing, "ip floodwall")).toBeUndefined()
})

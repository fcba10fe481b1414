import fc from "fast-check"
import { expect, test } from "vitest"
import { accept, counter, drop, inSet, ip, jump, limitOver, notInSet, update } from "../../ruleset/build.js"
import type { Ruleset } from "../../ruleset/ruleset.js"
import { placedSetName } from "./placement.js"
import { parseRunning, type Running } from "./running.js"
import {
  renderApply,
  renderConfirm,
  renderPause,
  renderRemove,
  renderResume,
  renderRollback,
} from "./transaction.js"

const origin = {
  span: { file: "policy.yaml", line: 3, column: 1 },
  protection: "syn-floods",
  text: "syn-floods: 5/second",
}
const ruleset: Ruleset = {
  tables: [
    {
      family: "inet",
      name: "floodwall",
      sets: [
        { name: "blocked4", key: ["ipv4_addr"], flags: ["timeout"], size: 10, keeps: "ledger" },
        {
          name: "meter",
          key: ["ipv4_addr"],
          flags: ["dynamic", "timeout"],
          size: 10,
          timeout: 60e9,
          keeps: "limiter",
        },
        { name: "list4", key: ["ipv4_addr"], flags: [], elements: [{ key: { value: [0xc0000201] } }] },
      ],
      chains: [
        {
          name: "input",
          base: { type: "filter", hook: "input", priority: 0, policy: "accept" },
          rules: [
            { steps: [inSet(ip("saddr"), "blocked4"), drop], origin },
            { steps: [inSet(ip("saddr"), "list4"), jump("new")], origin },
          ],
        },
        {
          name: "new",
          rules: [
            {
              steps: [
                update("meter", ip("saddr"), {}, limitOver({ count: 5, unit: "second" }, 5)),
                counter,
                drop,
              ],
              origin,
            },
          ],
        },
      ],
    },
  ],
}

/** What nft would list after a trial over kept rules; handles are made up. */
const listing = JSON.stringify({
  nftables: [
    { metainfo: { version: "1.0.6" } },
    { table: { family: "inet", name: "other", handle: 1 } },
    { chain: { family: "inet", table: "other", name: "input.a", handle: 1, policy: "accept" } },
    { table: { family: "inet", name: "floodwall", handle: 2 } },
    { set: { family: "inet", table: "floodwall", name: "trial", handle: 3 } },
    { set: { family: "inet", table: "floodwall", name: "blocked4", handle: 4 } },
    { set: { family: "inet", table: "floodwall", name: "meter.h1", handle: 5 } },
    { set: { family: "inet", table: "floodwall", name: "meter.h2", handle: 6 } },
    { map: { family: "inet", table: "floodwall", name: "ports.a", handle: 7, map: "verdict" } },
    { set: { family: "inet", table: "floodwall", name: "list4.b", handle: 8 } },
    { chain: { family: "inet", table: "floodwall", name: "input.a", handle: 9, policy: "accept" } },
    { chain: { family: "inet", table: "floodwall", name: "new.a", handle: 10 } },
    { chain: { family: "inet", table: "floodwall", name: "input.b", handle: 11, policy: "drop" } },
    {
      rule: {
        family: "inet",
        table: "floodwall",
        chain: "input.a",
        handle: 20,
        comment: "gate: kept",
        expr: [],
      },
    },
    {
      rule: {
        family: "inet",
        table: "floodwall",
        chain: "input.b",
        handle: 21,
        comment: "gate: trial",
        expr: [],
      },
    },
    {
      rule: {
        family: "inet",
        table: "floodwall",
        chain: "new.a",
        handle: 22,
        expr: [{ set: { op: "update", set: "@meter.h1" } }],
      },
    },
    {
      rule: {
        family: "inet",
        table: "floodwall",
        chain: "input.b",
        handle: 23,
        expr: [{ match: { right: "@meter.h2" } }, { set: { set: "@meter.h2" } }],
      },
    },
  ],
})

function read(text: string): Running {
  const running = parseRunning(text)
  if (!running || "id" in running) throw new Error("nothing runs")
  return running
}

test("a listing is read as far as transactions need it", () => {
  expect(read(listing)).toMatchObject({ kept: "a", trial: "b", paused: false })
  expect(read(listing).tables[0]!.sets.map(({ name, usedBy }) => [name, ...usedBy].join(" "))).toEqual([
    "trial",
    "blocked4",
    "meter.h1 a",
    "meter.h2 b",
    "list4.b",
    "ports.a",
  ])
})

test.each<[string, string, unknown]>([
  ["no table of ours", '{"nftables":[{"table":{"family":"inet","name":"other"}}]}', null],
  ["nothing", '{"nftables":[]}', null],
  [
    "not JSON",
    "Error: …",
    { id: "unreadable-listing", message: "nft's listing is not the JSON that it should be" },
  ],
  [
    "other JSON",
    "[1]",
    { id: "unreadable-listing", message: "nft's listing is not the JSON that it should be" },
  ],
])("%s", (_, text, expected) => expect(parseRunning(text)).toEqual(expected))

test("no listing makes it throw", () => {
  const object = fc.dictionary(
    fc.constantFrom("family", "table", "name", "comment", "chain", "expr", "policy"),
    fc.oneof(fc.constantFrom("inet", "floodwall", "input.a", "gate: trial", "@x"), fc.jsonValue()),
  )
  const entry = fc.dictionary(
    fc.constantFrom("table", "chain", "rule", "set", "map", "x"),
    fc.oneof(object, fc.jsonValue()),
  )
  fc.assert(
    fc.property(fc.array(entry), (nftables) => {
      const running = parseRunning(JSON.stringify({ nftables }))
      if (!running || "id" in running) return
      for (const render of [renderConfirm, renderRollback, renderResume, renderRemove]) render(running)
      renderPause(running, 5)
      renderApply(ruleset, running, 60)
    }),
  )
})

test("a set that nearly never has elements is asked in a chain of its own, which has no generation and no rule", () => {
  const [table] = ruleset.tables
  const apart: Ruleset = {
    tables: [
      {
        ...table!,
        sets: [
          table!.sets[0]!,
          { name: "nets4", key: ["ipv4_addr"], flags: ["interval"], keeps: "ledger", askedIn: "live" },
        ],
        chains: [
          {
            name: "input",
            rules: [
              {
                steps: [notInSet(ip("saddr"), "blocked4"), notInSet(ip("saddr"), "nets4"), accept],
                origin,
              },
              { steps: [inSet(ip("saddr"), "nets4"), drop], origin },
            ],
          },
        ],
      },
    ],
  }
  const chains = renderApply(apart, null, null).text.split("\n").slice(-14)
  expect(chains.join("\n")).toMatchInlineSnapshot(`
    "		type ipv4_addr
    		flags interval
    	}

    	chain input.a {
    		# policy.yaml:3: syn-floods: 5/second
    		ip saddr != @blocked4 goto live comment "policy.yaml:3 syn-floods"
    		ip saddr @nets4 drop comment "policy.yaml:3 syn-floods"
    	}

    	chain live {
    	}
    }
    "
  `)
})

test("first apply for good", () => {
  const { text, diagnostics } = renderApply(ruleset, null, null)
  expect(diagnostics).toEqual([])
  expect(text).toMatchInlineSnapshot(`
    "table inet floodwall {
    	set blocked4 {
    		type ipv4_addr
    		size 10
    		flags timeout
    	}

    	set meter.h1qboe9p {
    		type ipv4_addr
    		size 10
    		flags dynamic,timeout
    		timeout 1m
    	}

    	set list4.a {
    		type ipv4_addr
    		elements = { 192.0.2.1 }
    	}

    	chain input.a {
    		type filter hook input priority 0; policy accept;
    		# policy.yaml:3: syn-floods: 5/second
    		ip saddr @blocked4 drop comment "policy.yaml:3 syn-floods"
    		ip saddr @list4.a jump new.a comment "policy.yaml:3 syn-floods"
    	}

    	chain new.a {
    		# policy.yaml:3: syn-floods: 5/second
    		update @meter.h1qboe9p { ip saddr limit rate over 5/second burst 5 packets } counter drop comment "policy.yaml:3 syn-floods"
    	}
    }
    "
  `)
})

test("trial over what is kept, with an earlier trial left over", () => {
  expect(renderApply(ruleset, read(listing), 60).text).toMatchInlineSnapshot(`
    "flush chain inet floodwall input.b
    delete set inet floodwall list4.b
    delete chain inet floodwall input.b
    flush set inet floodwall trial
    table inet floodwall {
    	set trial {
    		type nf_proto
    		size 8
    		flags timeout
    		elements = { ipv4 timeout 1m, ipv6 timeout 1m }
    	}

    	set blocked4 {
    		type ipv4_addr
    		size 10
    		flags timeout
    	}

    	set meter.h1qboe9p {
    		type ipv4_addr
    		size 10
    		flags dynamic,timeout
    		timeout 1m
    	}

    	set list4.b {
    		type ipv4_addr
    		elements = { 192.0.2.1 }
    	}

    	chain input.b {
    		type filter hook input priority 0; policy accept;
    		meta nfproto != @trial return comment "gate: trial"
    		# policy.yaml:3: syn-floods: 5/second
    		ip saddr @blocked4 drop comment "policy.yaml:3 syn-floods"
    		ip saddr @list4.b jump new.b comment "policy.yaml:3 syn-floods"
    	}

    	chain new.b {
    		# policy.yaml:3: syn-floods: 5/second
    		update @meter.h1qboe9p { ip saddr limit rate over 5/second burst 5 packets } counter drop comment "policy.yaml:3 syn-floods"
    	}
    }
    "
  `)
})

test("confirm, rollback, pause, resume, remove", () => {
  const running = read(listing)
  expect(
    [
      renderConfirm(running),
      renderRollback(running),
      renderPause(running, 600),
      renderResume({ ...running, paused: true }),
      renderRemove(running),
    ].join("----\n"),
  ).toMatchInlineSnapshot(`
    "delete element inet floodwall trial { ipv4, ipv6 }
    delete rule inet floodwall input.b handle 21
    flush chain inet floodwall input.a
    flush chain inet floodwall new.a
    delete map inet floodwall ports.a
    delete chain inet floodwall input.a
    delete chain inet floodwall new.a
    delete set inet floodwall trial
    delete set inet floodwall meter.h1
    ----
    flush chain inet floodwall input.b
    delete set inet floodwall list4.b
    delete chain inet floodwall input.b
    delete rule inet floodwall input.a handle 20
    delete set inet floodwall trial
    delete set inet floodwall meter.h2
    ----
    table inet floodwall {
    	set pause {
    		type nf_proto
    		size 8
    		flags timeout
    		elements = { ipv4 timeout 10m, ipv6 timeout 10m }
    	}
    }
    insert rule inet floodwall input.a meta nfproto @pause return comment "gate: pause"
    insert rule inet floodwall input.b meta nfproto @pause accept comment "gate: pause"
    ----
    ----
    delete table inet floodwall
    "
  `)
})

test("a limiter's name changes with its limit, and with nothing else", () => {
  const [table] = ruleset.tables
  const meter = table!.sets[1]!
  const named = (change: (text: string) => string) =>
    placedSetName(meter, JSON.parse(change(JSON.stringify(table))), "a")
  const same = named((text) => text)
  expect(placedSetName(meter, table!, "b")).toBe(same)
  expect(
    named((text) => text.replace("192.0.2.1", "192.0.2.2").replaceAll("policy.yaml", "other.yaml")),
  ).toBe(same)
  expect(named((text) => text.replace('"count":5', '"count":6'))).not.toBe(same)
  expect(named((text) => text.replace('"burst":5', '"burst":6'))).not.toBe(same)
  expect(placedSetName({ ...meter, size: 11 }, table!, "a")).not.toBe(same)
  expect(placedSetName({ ...meter, timeout: 61e9 }, table!, "a")).not.toBe(same)
})

import { expect, test } from "vitest"
import type { Imported, ImportItem } from "../../core/dialect/imported.js"
import { importKura } from "../../core/dialect/kura/import.js"
import { importText } from "./import-report.js"
import { plain } from "./style.js"
import { displayWidth } from "./text.js"

const look = { all: false, tool: "Kura", style: plain, width: 80 }
const options = { exact: false, read: () => ({ id: "unreadable-file", message: "none" }) as const }

test("on 80 columns: what closes, what counts, some twenty lines of items, and the hand-over", () => {
  const imported = importKura(
    [{ path: "kura.properties", text: "flooding.protection.enabled=true\nsomething.else=1\n" }],
    options,
  )
  const text = importText(imported, look)
  expect(text).toMatchInlineSnapshot(`
    "Closed before: what Kura's firewall does not open, by its table filter (INPUT
      and FORWARD end in DROP). Closed now: the same, by the same table, which
      stays.
    19 items: 1 looser, 17 same, 1 not ours, everything that protects is carried
      over.

    Looser (1): the policy lets more past
      kura.properties:1  flooding.protection.enabled=true
        → Kura works in part: Loads 17 rules of iptables into the table mangle, of
          which 6 can match: 4 to 7, 9, 11 to 15 and 17 never do. Of the others 2 to
          3, 10 and 16 stop honest traffic. None limits anything: a flood of
          well-formed packets passes.
        → protect.wan.kura-flooding-protection: drop  As Kura up to 5.6.0 does.
          Kura's rules are for every device and loopback, the policy's for the
          devices under interfaces. preset: default protects without the harm, and
          limits floods.

    Same (17)
      kura.properties:1  iptables -t mangle -A prerouting-kura -p tcp -m tcp
          --tcp-flags FIN,SYN FIN,SYN -j DROP
        → Kura does nothing: Can never match: connection tracking calls such packets
          INVALID, and rule 1 has dropped them.
        and so 8 more: kura.properties:1
      kura.properties:1  iptables -t mangle -A prerouting-kura -p tcp -m tcp
          --tcp-flags FIN,ACK FIN -j DROP
        → Kura does nothing: The same as rule 7, which can never match either.
      and 7 more, --all shows them: kura.properties:1

    Not ours (1): left to who does it now  kura.properties:2

    Handing over
      1. floodwall apply: on trial for 60 seconds, beside Kura's rules
      2. floodwall confirm, from a second session
      3. Kura's console, Security, Network Threat Manager: set both parameters to
         false, Apply; Kura writes its rules anew, and traffic stops for half a
         second
      4. sysctl net.ipv4.ipfrag_high_thresh
         net.netfilter.nf_conntrack_frag6_high_thresh: 4194304 where Kura has let
         go; 0 stops all fragments, and before Linux 6 IPv6's stay so until a reboot
      5. Kura's tables filter and nat stay as they are, and go on closing ports
      6. floodwall enable; floodwall status"
  `)
  expect(text.split("\n").filter((line) => displayWidth(line) > 80)).toEqual([])
})

function item(line: number, part: Partial<ImportItem>): ImportItem {
  return {
    ...{ span: { file: "f", line, column: 1 }, text: `line ${line}`, owner: "works", ownerDoes: "It works." },
    ...{ becomes: null, relation: "same", protects: false, diagnostics: [], ...part },
  }
}

function imported(items: readonly ImportItem[]): Imported {
  return { policy: {}, items, diagnostics: [], closed: { before: "a.", after: "b." }, handOver: [] }
}

test("what is lost is named however much there is, the rest is counted with its lines", () => {
  const lost = Array.from({ length: 30 }, (_, index) =>
    item(index + 1, { relation: "lost", protects: true, ownerDoes: `It does${" so".repeat(index)}.` }),
  )
  const same = [40, 41, 42, 50].map((line) => item(line, {}))
  const text = importText(imported([...same, ...lost]), look)
  expect(text).toContain("30 protections not carried over")
  expect(text).toContain("  f:30  line 30\n\nSame (4)\n  4 more, --all shows them: f:40-42, 50")
  expect(importText(imported(same), { ...look, all: true })).toContain("f:50  line 50\n    → Kura: It works.")
})

test("what the same holds for is told once, and each group tells its most important item", () => {
  const lost = [1, 2, 3].map((line) =>
    item(line, { relation: "lost", protects: true, ownerDoes: `It stops ${line} of them.` }),
  )
  const many = Array.from({ length: 30 }, (_, index) =>
    item(index + 10, { relation: "lost", protects: true, ownerDoes: `It does${" so".repeat(index)}.` }),
  )
  const others = (["looser", "stricter"] as const).map((relation, index) =>
    item(50 + index, { relation, protects: true, why: `It is ${relation}.` }),
  )
  const text = importText(imported([...lost, ...many, ...others]), look)
  expect(text).toContain("    → Kura: It stops 1 of them.\n    and so 2 more: 2 line 2; 3 line 3\n")
  expect(text).toContain("    → nothing  It is looser.")
  expect(text).toContain("    → nothing  It is stricter.")
})

test("what an owner's tool fails at stands before what works, and texts cannot write to the terminal", () => {
  const text = importText(
    imported([
      item(1, {}),
      item(2, { owner: "breaks-open", ownerDoes: "It flushes all." }),
      item(3, { text: "a\u001b[2Jb" }),
    ]),
    { ...look, all: true },
  )
  expect(text.indexOf("f:2")).toBeLessThan(text.indexOf("f:1"))
  expect(text).toContain("Kura opens the firewall: It flushes all.")
  expect(text).toContain("a [2Jb")
})

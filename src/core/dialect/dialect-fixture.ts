import { printDiagnostic } from "../base/diagnostic.js"
import { unknownHost } from "../policy/environment.js"
import { loadPolicy } from "../policy/load.js"
import type { Policy } from "../policy/policy.js"
import { printDraft } from "./draft.js"
import type { ImportDialect, Imported, ImportOptions } from "./imported.js"

export const host = {
  ...unknownHost,
  defaultInterfaces: ["eth0"],
  defaultRoutes: 1,
  ingressDevices: ["eth0", "eth1"],
}

export function importText(
  read: ImportDialect,
  text: string | Readonly<Record<string, string>>,
  options: Partial<ImportOptions> = {},
): Imported {
  const files = typeof text === "string" ? { "old.conf": text } : text
  return read(
    Object.entries(files).map(([path, content]) => ({ path, text: content })),
    {
      exact: false,
      read: (path) => ({ id: "unreadable-file", message: `${path} is not there` }),
      ...options,
    },
  )
}

/** What the draft is when it is printed, without its heading. */
export function policyText(imported: Imported): string {
  return printDraft(imported.policy, imported.items, "t").split("\n").slice(5).join("\n")
}

/** The draft, printed and loaded; what is an error in it is thrown. */
export function loaded(imported: Imported): Policy {
  const environment = { read: () => ({ text: "192.0.2.1\n" }), glob: () => [], host }
  const text = printDraft(imported.policy, imported.items, "t")
  const { policy, diagnostics } = loadPolicy({ path: "policy.yaml", text }, environment)
  if (policy) return policy
  throw new Error(`${diagnostics.map(printDiagnostic).join("\n")}\n${text}`)
}

/** Each item on a line: where, what, what its tool makes of it, what becomes of it, and what is wrong with it. */
export function itemLines({ items, diagnostics }: Imported): string {
  const lines = items.map(({ span, text, owner, relation, becomes, protects, diagnostics: found }) =>
    [
      `${span.file}:${span.line}`,
      text,
      `${owner}, ${relation}${protects ? ", protects" : ""}`,
      becomes ?? "-",
      ...found.map(({ id }) => `[${id}]`),
    ].join(" | "),
  )
  return [...lines, ...diagnostics.map(printDiagnostic)].join("\n")
}

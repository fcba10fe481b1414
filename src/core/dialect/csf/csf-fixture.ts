import type { PolicyEnvironment } from "../../policy/environment.js"
import type { DialectFile, Imported, ImportItem } from "../imported.js"
import { importCsf } from "./import.js"

/** Helpers of the tests: a configuration in, its report as short lines out. */

const nowhere = { id: "unreadable-file", message: "there is no such file" } as const

export function importFiles(
  files: Readonly<Record<string, string>>,
  exact = false,
  others: Readonly<Record<string, string>> = {},
): Imported {
  const named: DialectFile[] = Object.entries(files).map(([path, text]) => ({ path, text }))
  const read = (path: string) => {
    const text = Object.hasOwn(others, path) ? others[path] : undefined
    return text === undefined ? nowhere : { path, text }
  }
  return importCsf(named, { exact, read })
}

export function importConf(text: string, exact = false): Imported {
  return importFiles({ "csf.conf": text }, exact)
}

/** `works looser: protect.wan.… [csf-one-less]` */
export function brief({ owner, relation, becomes, protects, diagnostics }: ImportItem): string {
  const ids = diagnostics.map(({ id }) => ` [${id}]`).join("")
  const lost = relation === "lost" && protects ? " (protects)" : ""
  return `${owner} ${relation}${lost}: ${becomes ?? "-"}${ids}`
}

export const environment: PolicyEnvironment = {
  read: () => ({ problem: "no such file" }),
  glob: () => [],
  host: {
    defaultInterfaces: ["eth0"],
    defaultRoutes: 1,
    addresses: [],
    listening: [],
    ingressDevices: ["eth0"],
    egress: true,
  },
}

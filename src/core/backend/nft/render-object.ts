import type { Diagnostic } from "../../base/diagnostic.js"
import type { FlowtableDeclaration, ObjectDeclaration, SettingsObject } from "../../ruleset/object.js"
import { checkName, writeStep } from "./render-part.js"

/** A named object, in braces as nft lists it. */
export function renderObject(object: ObjectDeclaration, diagnostics: Diagnostic[]): string {
  const { kind, name, comment, origin } = object
  checkName(kind, name, origin, diagnostics)
  const lines = comment === undefined ? [] : [`comment "${comment}"`]
  if ("settings" in object) lines.push(...settingLines(object))
  else {
    // Its words are the statement's, behind the statement's name.
    const text = writeStep(object.statement, origin, diagnostics).slice(kind.length).trim()
    if (kind === "counter") lines.push("packets 0 bytes 0")
    else if (text !== "") lines.push(text)
  }
  return block(`${kind} ${name}`, lines)
}

/** In the order in which nft lists them. */
function settingLines({ kind, settings }: SettingsObject): string[] {
  const lines: string[] = []
  const line = (name: string, text = (value: string) => `${name} ${value}`) => {
    const value = settings[name]
    if (value !== undefined) lines.push(text(value))
  }
  if (kind === "secmark") line("context", (value) => `"${value}"`)
  else if (kind === "tunnel") lines.push(...Object.values(settings))
  else if (kind === "ct helper") {
    line("type", (value) => `type "${value}" protocol ${settings["protocol"] ?? "tcp"}`)
    line("l3proto")
  } else {
    for (const name of ["protocol", "dport", "timeout", "size", "l3proto"]) line(name)
    line("policy", (value) => `policy = { ${value} }`)
  }
  return lines
}

export function renderFlowtable(flowtable: FlowtableDeclaration): string {
  const { name, priority, devices, offload, counter } = flowtable
  return block(`flowtable ${name}`, [
    `hook ingress priority ${priority}`,
    ...(devices.length > 0 ? [`devices = { ${devices.map((device) => `"${device}"`).join(", ")} }`] : []),
    ...(offload ? ["flags offload"] : []),
    ...(counter ? ["counter"] : []),
  ])
}

function block(head: string, lines: readonly string[]): string {
  return `\t${head} {\n${lines.map((each) => `\t\t${each}\n`).join("")}\t}\n`
}

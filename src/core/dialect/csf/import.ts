import { isProblem } from "../../base/diagnostic.js"
import type { DialectFile, ImportDialect, Imported, ImportItem, ImportOptions } from "../imported.js"
import { type AddressFile, readAddressFile } from "./address-files.js"
import { readConf, type Setting } from "./conf.js"
import { Configuration } from "./configuration.js"
import { Findings } from "./findings.js"
import { closedBy, handOverSteps } from "./hand-over.js"
import { csfRules } from "./owner-rules.js"
import { readSetting } from "./settings.js"

/** Its lists, which lie beside csf.conf. Bans that end are read where somebody names their file. */
const beside: readonly AddressFile[] = ["allow", "deny", "ignore", "blocklists"]

/** ConfigServer Firewall: csf.conf with the lists beside it, or these files by themselves. */
export const importCsf: ImportDialect = (files, options) => {
  const read = files.map((file) => ({ file, kind: kindOf(file) }))
  const confs = read.filter(({ kind }) => kind === "conf").map(({ file }) => ({ file, conf: readConf(file) }))
  const settings = confs.flatMap(({ conf }) => conf.settings)
  const findings = new Findings(new Configuration(settings), options.exact)
  for (const { file, kind } of read) {
    const conf = confs.find((other) => other.file === file)?.conf
    if (conf) {
      for (const setting of conf.settings) readLine(setting, findings)
      for (const { text, span } of conf.strays) {
        findings.warn({ id: "csf-syntax", message: `CSF passes over "${text}": it has no =` }, span)
      }
    } else if (kind !== undefined && kind !== "conf") readAddressFile(kind, file, options, findings)
    else {
      const span = { file: file.path, line: 1, column: 1 }
      findings.warn(
        {
          id: "csf-nothing-found",
          severity: "error",
          message: `${file.path} is no file of CSF's`,
          hint: "csf.conf, csf.allow, csf.deny, csf.ignore, csf.tempban, csf.blocklists",
        },
        span,
      )
    }
  }
  for (const { file } of confs) readNeighbours(file, files, options, findings)
  findings.settle()
  return imported(findings)
}

function imported(findings: Findings): Imported {
  const { breaksOpen, refused, diagnostics } = findings
  const owner = csfRules(findings)
  return {
    policy: findings.policy(),
    items: findings.items.map((item) => inForce(item, findings)),
    diagnostics: [
      ...diagnostics,
      ...(breaksOpen && !refused
        ? [
            {
              id: "csf-breaks-open" as const,
              severity: "error" as const,
              message: `"${breaksOpen.text}" makes CSF flush its whole firewall: nothing of this configuration is in force`,
              span: breaksOpen.span,
            },
          ]
        : []),
    ],
    closed: closedBy(findings),
    handOver: handOverSteps(findings),
    ...(owner && { ownerRules: () => owner }),
  }
}

/** Where CSF gives up or does not start, nothing that it would do is done. */
function inForce(item: ImportItem, { breaksOpen, refused }: Findings): ImportItem {
  const culprit = refused ?? breaksOpen
  if (!culprit || (item.owner !== "works" && item.owner !== "partly") || item.relation === "not-ours")
    return item
  const because = refused
    ? `csf does not start because of line ${culprit.span.line}`
    : `CSF flushes the firewall because of "${culprit.text}" in line ${culprit.span.line}`
  const relation = item.becomes !== null && item.protects ? "stricter" : item.relation
  return {
    ...item,
    owner: "nothing",
    ownerDoes: `${because}; else: ${item.ownerDoes}`,
    relation,
    ...(relation === "stricter" && { why: "here it is in force" }),
  }
}

function readLine(setting: Setting, findings: Findings): void {
  if (setting.refusal === undefined) {
    const told = readSetting(findings, setting)
    if (told) findings.tell(setting, told)
    return
  }
  findings.refused ??= setting
  findings.tell(setting, {
    owner: "refused",
    does: `csf and lfd do not start with this line: ${setting.refusal}`,
    relation: "same",
    protects: false,
    mistakes: [
      {
        id: "csf-refused",
        severity: "error",
        message: `CSF does not start: ${setting.refusal}`,
        hint: 'every setting stands once, as KEY = "VALUE"',
      },
    ],
  })
}

/** csf reads its lists whether somebody names them or not. */
function readNeighbours(
  conf: DialectFile,
  files: readonly DialectFile[],
  options: ImportOptions,
  findings: Findings,
): void {
  for (const kind of beside) {
    const name = `csf.${kind}`
    if (files.some(({ path }) => fileName(path) === name)) continue
    const read = options.read(name, conf.path)
    if (!isProblem(read)) readAddressFile(kind, read, options, findings)
  }
}

function kindOf({ path, text }: DialectFile): AddressFile | "conf" | undefined {
  const name = fileName(path)
  const list = /^csf\.(allow|deny|ignore|tempban|blocklists)\b/.exec(name)?.[1]
  if (list !== undefined) return list as AddressFile
  return /^\s*[A-Za-z_]\w*\s*=/m.test(text) ? "conf" : undefined
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1)
}

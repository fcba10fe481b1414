import type { Diagnostic, Span } from "../../base/diagnostic.js"
import type { DiagnosticId } from "../../base/diagnostic-ids.js"
import type { ImportItem, OwnerOutcome, Relation } from "../imported.js"
import type { Command } from "./run.js"

const outcomes: readonly OwnerOutcome[] = ["works", "partly", "nothing", "breaks-open", "refused"]
const relations: readonly Relation[] = ["same", "not-ours", "stricter", "looser", "lost"]

/** An item of the report while it is found out: what is said last of several things is the gravest. */
export class Item {
  readonly command: Command
  owner: OwnerOutcome
  ownerDoes: string
  readonly becomes: string[] = []
  protects: boolean
  /** What zones were asked for, so that what a zone covers beyond the line can be told: `wan in invalid`. */
  readonly asked: { readonly zone: string; readonly direction: "in" | "out"; readonly name: string }[] = []
  private relation: Relation = "same"
  private readonly reasons: { readonly relation: Relation; readonly why: string }[] = []
  private readonly diagnostics: Diagnostic[]

  constructor(command: Command, owner: OwnerOutcome, ownerDoes: string, protects: boolean) {
    this.command = command
    this.owner = owner
    this.ownerDoes = ownerDoes
    this.protects = protects
    this.diagnostics = [...command.diagnostics]
  }

  get span(): Span {
    return this.command.span
  }

  is(relation: Relation): boolean {
    return this.relation === relation
  }

  differs(relation: Relation, why: string): this {
    if (relations.indexOf(relation) > relations.indexOf(this.relation)) this.relation = relation
    if (!this.reasons.some((reason) => reason.why === why)) this.reasons.push({ relation, why })
    return this
  }

  /** The graver outcome of the tool stays; where it takes nothing of the file, what the line would have done is not said. */
  owned(owner: OwnerOutcome, does: string): this {
    const isWorse = outcomes.indexOf(owner) > outcomes.indexOf(this.owner)
    const isBetter = outcomes.indexOf(owner) < outcomes.indexOf(this.owner)
    if (isBetter && this.owner !== "partly") return this
    if ((owner === "refused" || owner === "nothing") && isWorse) this.ownerDoes = ""
    if (isWorse) this.owner = owner
    if (does !== "" && !this.ownerDoes.includes(does)) {
      this.ownerDoes = this.ownerDoes === "" ? does : `${this.ownerDoes} ${does}`
    }
    return this
  }

  tell(id: DiagnosticId, message: string, hint?: string, severity: Diagnostic["severity"] = "warning"): this {
    if (this.diagnostics.some((each) => each.id === id && each.message === message)) return this
    this.diagnostics.push({ id, severity, message, span: this.span, ...(hint !== undefined && { hint }) })
    return this
  }

  finish(): ImportItem {
    const becomes = [...new Set(this.becomes)]
    const isGone = this.relation === "lost" && becomes.length === 0
    const why = this.reasons
      .filter(({ relation }) => !isGone || relation === "lost")
      .map((reason) => reason.why)
      .join(" ")
    return {
      span: this.span,
      text: this.command.text,
      owner: this.owner,
      ownerDoes: this.ownerDoes,
      becomes: becomes.length > 0 ? becomes.join("; ") : null,
      relation: this.relation,
      ...(why !== "" && { why }),
      protects: this.protects,
      diagnostics: this.diagnostics,
    }
  }
}

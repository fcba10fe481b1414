import type { Diagnostic } from "../../../base/diagnostic.js"
import type { DiagnosticId } from "../../../base/diagnostic-ids.js"
import type { BaseChain, SetDeclaration } from "../../../ruleset/ruleset.js"
import type { ProtocolContext } from "./context.js"
import { ElementList } from "./element-list.js"
import type { RuleContext } from "./keeper.js"
import { type ChainModel, Model, objectKey, type TableModel } from "./model.js"
import { plainSpan } from "./place.js"
import type { Syntax } from "./syntax.js"
import { entry, wordOf } from "./tree.js"

/** What all commands share while a file is elaborated: the tables so far, and what is wrong. */
export class Elaboration {
  readonly model = new Model()
  readonly diagnostics: Diagnostic[] = []
  /** JSON, in which nft forgets which sets are dynamic. */
  readonly isListing: boolean
  private readonly contexts = new Map<TableModel | ChainModel, MadeContext>()

  constructor(isListing: boolean) {
    this.isListing = isListing
  }

  /** Something nft refuses. */
  report(id: DiagnosticId, message: string, at: Syntax, hint?: string): void {
    this.diagnostics.push({
      id,
      severity: "error",
      message,
      span: plainSpan(at.span),
      ...(hint !== undefined && { hint }),
    })
  }

  /** Something nft takes and the engine cannot know or do. */
  assume(message: string, at: Syntax, hint?: string): void {
    this.diagnostics.push({
      id: "nft-assumed",
      severity: "warning",
      message,
      span: plainSpan(at.span),
      ...(hint !== undefined && { hint }),
    })
  }

  /** Undefined: it was reported. */
  nameIn(value: Syntax, what: string): string | undefined {
    const name = wordOf(entry(value, "name"))
    if (name === undefined) this.report("nft-bad-value", `the name of a ${what} is missing`, value)
    return name
  }

  /** Deletes, or says that there is nothing. True: the command was one that deletes. */
  remove<Value>(verb: string, things: Map<string, Value>, key: string, what: string, at: Syntax): boolean {
    if (verb !== "delete" && verb !== "destroy") return false
    if (!things.delete(key) && verb === "delete")
      this.assume(`there is no ${what} in what was read: nothing is done`, at)
    return true
  }

  /** What the elaboration of a rule, or of what a table declares, knows around it. */
  contextOf(table: TableModel, chain?: ChainModel): RuleContext {
    const base = chain?.base
    let made = this.contexts.get(chain ?? table)
    if (!made || made.base !== base) {
      const shared = this.sharedContext(table)
      made = { base, context: base ? { ...shared, hook: base.hook, chainType: base.type } : shared }
      this.contexts.set(chain ?? table, made)
    }
    made.context.protocol = {}
    return made.context
  }

  /** What is the same for all rules of a table. One rule is elaborated at a time, and begins with a protocol of its own. */
  private sharedContext(table: TableModel): FreshContext {
    return {
      family: table.family,
      set: (name) => table.sets.get(name)?.declaration,
      setNames: () => [...table.sets.keys()],
      report: (id, message, at, hint) => this.report(id, message, at, hint),
      assume: (message, at, hint) => this.assume(message, at, hint),
      protocol: {},
      keeper: {
        isListing: this.isListing,
        declare: (declaration, at) => {
          if (!table.sets.has(declaration.name))
            table.sets.set(declaration.name, { declaration, elements: new ElementList(), compared: 0, at })
        },
        objectNames: (kind) =>
          [...table.objects.values()].filter((each) => each.kind === kind).map(({ name }) => name),
        hasObject: (kind, name) => table.objects.has(objectKey(kind, name)),
        isUpdated: (name, hasStatements) => {
          if (!this.isListing) nowUpdated(table, name)
          else if (hasStatements) markDynamic(table, name)
        },
      },
    }
  }
}

type FreshContext = Omit<RuleContext, "protocol"> & { protocol: ProtocolContext }

interface MadeContext {
  readonly base: BaseChain | undefined
  readonly context: FreshContext
}

/** How many elements the kernel lets rules add where nobody said it. */
const updatedSize = 65535

/** What nft makes of a set or map that a rule adds to, as it lists it (1.0.6): the set is dynamic, and both have a size. */
function nowUpdated(table: TableModel, name: string): void {
  const set = table.sets.get(name)
  if (!set || set.declaration.flags.includes("interval")) return
  const isMap = set.declaration.data !== undefined || set.declaration.objects !== undefined
  if (!isMap) markDynamic(table, name)
  if (set.declaration.size === undefined) set.declaration = { ...set.declaration, size: updatedSize }
}

function markDynamic(table: TableModel, name: string): void {
  const set = table.sets.get(name)
  if (!set || set.declaration.flags.includes("dynamic") || set.declaration.flags.includes("interval")) return
  set.declaration = { ...set.declaration, flags: dynamicToo(set.declaration.flags) }
}

/** In the order in which nft lists them: `dynamic` stands behind `constant`. */
function dynamicToo(flags: SetDeclaration["flags"]): SetDeclaration["flags"] {
  return flags.includes("constant") ? ["constant", "dynamic", ...flags.slice(1)] : ["dynamic", ...flags]
}

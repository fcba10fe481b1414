import type { Packet } from "../../packet/packet.js"
import type { SetUpdateNode } from "../../ruleset/action/set-update.js"
import type { SetElement } from "../../ruleset/ruleset.js"
import type { Run, RuntimeSet, Update } from "../../ruleset/runtime.js"
import type { TypeName } from "../../ruleset/type.js"
import { MapData } from "./data.js"

/** A set with `*` among its elements, which stands for every value that no other element has. Others are as they are. */
export function withOthers(
  set: RuntimeSet,
  elements: readonly SetElement[],
  chain: (name: string) => number,
): RuntimeSet {
  const others = elements.find(({ key }) => "others" in key)
  return others ? new SetWithOthers(set, others, chain) : set
}

class SetWithOthers implements RuntimeSet {
  readonly types: readonly TypeName[]
  readonly keyWords: number
  private readonly set: RuntimeSet
  private readonly others: MapData
  private isOther = false

  constructor(set: RuntimeSet, others: SetElement, chain: (name: string) => number) {
    this.set = set
    this.types = set.types
    this.keyWords = set.keyWords
    this.others = new MapData(chain)
    this.others.put(0, others.data)
  }

  contains(packet: Packet, run: Run, at: number): boolean {
    this.isOther = !this.set.has(run, at)
    return this.isOther || this.set.contains(packet, run, at)
  }

  has(): boolean {
    return true
  }

  lastData(run: Run): number {
    return this.isOther ? this.others.get(0, run) : this.set.lastData(run)
  }

  copyData(run: Run, at: number): void {
    if (this.isOther) this.others.copy(0, run, at)
    else this.set.copyData(run, at)
  }

  updater(node: SetUpdateNode): Update {
    return this.set.updater(node)
  }
}

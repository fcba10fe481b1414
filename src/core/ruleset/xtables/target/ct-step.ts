import { CONTINUE, type Step } from "../../runtime.js"

/** `-j CT` and `-j NOTRACK`: before conntrack, and only for packets that no earlier rule has decided on. */
export interface CtSettings {
  readonly notrack: boolean
  readonly helper: string
  /** 0: the common one. */
  readonly zone: number
  /** 1 original, 2 reply, 3 both. */
  readonly zoneDirections: number
}

export function ctStep({ notrack, helper, zone, zoneDirections }: CtSettings): Step {
  return (_packet, run) => {
    if (run.tracked || run.untrack || run.zone !== 0 || run.helper !== "") return CONTINUE
    if (notrack) run.untrack = true
    else {
      run.zone = zone
      run.zoneDirections = zoneDirections
      run.helper = helper
    }
    return CONTINUE
  }
}

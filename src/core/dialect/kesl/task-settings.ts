import type { Setting } from "./settings.js"

/** The settings of the task Network Threat Protection, as Kaspersky's manual has them (12.1). */
export const known = [
  "ActionOnDetect",
  "BlockAttackingHosts",
  "BlockDurationMinutes",
  "UseExcludeIPs",
  "ExcludeIPs",
] as const

export type Known = (typeof known)[number]

/** What an export of the task says besides. */
const taskKeys = ["taskname", "adminkittaskname", "tasktype", "taskid", "active", "scheduled"]

export interface OwnSettings {
  readonly settings: readonly Setting[]
  readonly isActive: boolean
}

/** The settings of the task: those of the section that says so, or those that bear its names where no section does. */
export function ownSettings(settings: readonly Setting[]): OwnSettings {
  const isTask = ({ path, value }: Setting) => {
    const key = path.at(-1)?.toLowerCase()
    return (
      (key === "tasktype" && value.toLowerCase() === "ntp") ||
      (key === "taskname" && value.toLowerCase() === "network_threat_protection")
    )
  }
  const task = settings.find(isTask)
  if (task) {
    const above = task.path.slice(0, -1)
    const own = settings.filter(({ path }) => above.every((part, index) => path[index] === part))
    const active = own.find(({ path }) => path.at(-1)?.toLowerCase() === "active")
    return { settings: own, isActive: active === undefined || !/^no$/i.test(active.value) }
  }
  const sign = settings.find(({ path }) => {
    const key = keyOf(path)
    return key !== undefined
  })
  if (!sign) return { settings: [], isActive: true }
  const depth = /^item_\d+$/i.test(sign.path.at(-1)!) ? 2 : 1
  const above = sign.path.slice(0, -depth)
  const own = settings.filter(
    ({ path }) =>
      above.every((part, index) => path[index] === part) &&
      (path.length === above.length + 1 || keyOf(path) === "ExcludeIPs"),
  )
  return { settings: own, isActive: true }
}

/** Names are compared as KESL does, without regard to case; `ExcludeIPs.item_0000` is an item of ExcludeIPs. */
export function keyOf(path: readonly string[]): Known | undefined {
  const last = path.at(-1) ?? ""
  const name = /^item_\d+$/i.test(last) ? path.at(-2) : last
  const key = known.find((each) => each.toLowerCase() === name?.toLowerCase())
  const isItem = name !== last
  return isItem && key !== "ExcludeIPs" ? undefined : key
}

export function isTaskKey({ path }: Setting): boolean {
  return taskKeys.includes(path.at(-1)!.toLowerCase())
}

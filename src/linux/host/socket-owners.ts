import { readdirSync, readFileSync, readlinkSync } from "node:fs"

/** The names of the processes that hold sockets, by inode, as far as this user may see them: of all, or of those whose names are asked for. */
export function socketOwners(isAsked: (name: string) => boolean = () => true): ReadonlyMap<number, string> {
  const folder = "/proc"
  const owners = new Map<number, string>()
  for (const process of attempt(() => readdirSync(folder)) ?? []) {
    if (!/^\d+$/.test(process)) continue
    const name = attempt(() => readFileSync(`${folder}/${process}/comm`, "utf8").trim())
    if (!name || !isAsked(name)) continue
    const files = attempt(() => readdirSync(`${folder}/${process}/fd`)) ?? []
    for (const file of files) {
      const link = attempt(() => readlinkSync(`${folder}/${process}/fd/${file}`)) ?? ""
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
      if (inode !== undefined && !owners.has(Number(inode))) owners.set(Number(inode), name)
    }
  }
  return owners
}

/** Processes end, and close files, while they are looked at. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

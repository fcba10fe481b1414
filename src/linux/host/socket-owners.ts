import { readdirSync, readFileSync, readlinkSync } from "node:fs"

/** The names of the processes that hold sockets, by inode, as far as this user may see them. */
export function socketOwners(folder = "/proc"): ReadonlyMap<number, string> {
  const owners = new Map<number, string>()
  for (const process of attempt(() => readdirSync(folder)) ?? []) {
    if (!/^\d+$/.test(process)) continue
    const files = attempt(() => readdirSync(`${folder}/${process}/fd`)) ?? []
    const name =
      files.length > 0 ? attempt(() => readFileSync(`${folder}/${process}/comm`, "utf8").trim()) : undefined
    if (!name) continue
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

import { readdirSync, statSync } from "node:fs"

/** The files that match a pattern with `*`, `?` and `[…]`, none of which matches a slash or a leading dot, as a shell has it (glob(7)); sorted. */
export function glob(pattern: string): readonly string[] {
  const absolute = pattern.startsWith("/")
  let found = [absolute ? "/" : ""]
  for (const part of pattern.split("/").filter(Boolean)) {
    found = found.flatMap((folder) => {
      if (!/[*?[]/.test(part)) return [folder + part].filter((path) => isThere(path))
      const matcher = matcherOf(part)
      return namesIn(folder === "" ? "." : folder)
        .filter((name) => matcher.test(name) && (part.startsWith(".") || !name.startsWith(".")))
        .map((name) => folder + name)
    })
    found = found.map((path) => `${path}/`)
  }
  return found.map((path) => path.replace(/\/$/, "")).sort()
}

function matcherOf(part: string): RegExp {
  const source = part.replace(/\[[!^]?\]?[^\]]*\]|[\s\S]/g, (piece) => {
    if (piece === "*") return "[^/]*"
    if (piece === "?") return "[^/]"
    if (piece.length > 1) return `[${piece[1] === "!" || piece[1] === "^" ? "^" : ""}${classOf(piece)}]`
    return piece.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")
  })
  return new RegExp(`^${source}$`, "u")
}

/** What stands between the brackets, with what a regular expression takes for more than a character escaped; ranges stay. */
function classOf(piece: string): string {
  return piece
    .slice(1, -1)
    .replace(/^[!^]/, "")
    .replace(/[\\\][^]/g, "\\$&")
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function isThere(path: string): boolean {
  try {
    statSync(path)
    return true
  } catch {
    return false
  }
}

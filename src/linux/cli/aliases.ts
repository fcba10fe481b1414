/** Other tools' words for our commands, as options of the bare command: KESL's long ones, csf's short ones. */

/** The words of ours, or what is wrong with theirs. */
export type Alias = { readonly words: readonly string[] } | { readonly wrong: string }

/** Undefined: the first word is no alias. */
export function aliasOf([first = "", ...rest]: readonly string[]): Alias | undefined {
  return aliases[first]?.(rest)
}

export const aliasTexts: readonly { readonly line: string; readonly text: string }[] = [
  { line: "floodwall --get-blocked-hosts", text: "KESL's word for blocked" },
  { line: "floodwall --allow-hosts ADDR…", text: "KESL's word for unblock" },
  {
    line: "floodwall -t | -td IP [TTL[m|h|d]] [WHY] | -tr IP | -g IP",
    text: "csf's words for blocked, block, unblock, why",
  },
]

const aliases: Readonly<Record<string, (rest: readonly string[]) => Alias>> = {
  "--get-blocked-hosts": (rest) => ({ words: ["blocked", ...rest] }),
  "--allow-hosts": (rest) =>
    rest.some((word) => !word.startsWith("-"))
      ? { words: ["unblock", ...rest] }
      : { wrong: "--allow-hosts needs addresses or networks" },
  "-t": (rest) => ({ words: ["blocked", ...rest] }),
  "-td": temporaryDeny,
  "-tr": (rest) => (rest.length > 0 ? { words: ["unblock", ...rest] } : { wrong: "-tr needs an address" }),
  "-g": (rest) => (rest.length > 0 ? { words: ["why", ...rest] } : { wrong: "-g needs an address" }),
}

/** csf: -td IP [ttl] [-p port] [-d direction] [comment]; without a time an hour, and below two seconds as well. */
function temporaryDeny([host, ...rest]: readonly string[]): Alias {
  if (host === undefined) return { wrong: "-td needs an address" }
  const word = /^(\d+)([smhd]?)$/.exec(rest[0] ?? "")
  const after = word ? rest.slice(1) : rest
  if (after.some((each) => each === "-p")) return { wrong: "-td blocks all ports: csf's -p has no like here" }
  const direction = after.indexOf("-d")
  if (direction >= 0 && after[direction + 1] !== "in")
    return { wrong: "-td blocks what comes in: csf's -d out and -d inout have no like here" }
  const why = after
    .filter((_, index) => direction < 0 || (index !== direction && index !== direction + 1))
    .join(" ")
  const seconds =
    Number(word?.[1] ?? 3600) * { "": 1, s: 1, m: 60, h: 3600, d: 86400 }[(word?.[2] ?? "") as "s"]
  const time = seconds < 2 ? 3600 : seconds
  return { words: ["block", host, "--for", `${time}s`, ...(why === "" ? [] : ["--why", why])] }
}

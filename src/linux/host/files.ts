import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs"
import { basename, dirname, join, resolve } from "node:path"

/** Replaces a file as a whole: who reads it, even after a power cut, finds the old text or the new one. */
export function writeAtomically(path: string, text: string, mode = 0o600): void {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${process.pid}`)
  rmSync(temporary, { force: true })
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW
  const file = openSync(temporary, flags, mode)
  try {
    let bytes: Uint8Array = Buffer.from(text)
    while (bytes.length > 0) bytes = bytes.subarray(writeSync(file, bytes))
    fsyncSync(file)
  } catch (error) {
    // On a full disk half a file takes what room there is.
    rmSync(temporary, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  syncFolder(folder)
}

/** A rename is only on the disk once its folder is. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Makes a folder and those above it. Throws where it cannot; Node's own `recursive` never returns where a file system (/proc) answers ENOENT for ever. */
export function makeFolder(path: string, mode = 0o700): void {
  if (existsSync(path)) return
  const parent = dirname(path)
  if (parent !== path) makeFolder(parent, mode)
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    // Somebody else was faster.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
}

/** A file's text; undefined where it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

/** Which file lies under a name; undefined: none. */
export function inodeOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path)
    return `${dev} ${ino}`
  } catch {
    return undefined
  }
}

/** Who else may change what a path leads to, and where on the way. */
export interface Distrust {
  readonly path: string
  readonly why: string
}

/**
 * Whether another user could change what root finds under a path: the file, a folder on the way, or a symbolic link's.
 * A sticky folder (/tmp) lets nobody touch what others own. Access lists show in the group's bits, so they count (acl(5)).
 * `user` is who reads; its own files are fine too, and so are those of `unmapped`, the owner of what this user namespace cannot see. Undefined: all is well, or the path does not exist.
 */
export function distrust(
  path: string,
  user: number,
  stat: (path: string) => Stats = lstatSync,
  unmapped: number | undefined = unmappedUser(),
): Distrust | undefined {
  const pending = resolve(path).split("/").filter(Boolean)
  let here = "/"
  let links = 0
  for (;;) {
    let found: Stats
    try {
      found = stat(here)
    } catch {
      return undefined
    }
    const next = pending.length > 0
    if (found.isSymbolicLink()) {
      // MAXSYMLINKS of the kernel is 40 (include/linux/namei.h).
      if (++links > 40) return { path: here, why: "is a circle of symbolic links" }
      const target = resolve(dirname(here), readlinkSync(here))
      pending.unshift(...target.split("/").filter(Boolean))
      here = "/"
      continue
    }
    const why = found.uid === unmapped ? undefined : writableByOthers(found, user)
    if (why !== undefined) return { path: here, why }
    if (!next) return undefined
    here = join(here, pending.shift() as string)
  }
}

/**
 * How files of users that this user namespace does not know look (user_namespaces(7)): those of the host's root among them. Whoever is root in such a namespace is an
 * ordinary user outside, and rules of its own network are all that it can lose. Undefined: all users are known here.
 */
function unmappedUser(): number | undefined {
  const length = /^\s*0\s+0\s+(\d+)$/m.exec(readText("/proc/self/uid_map") ?? "")?.[1]
  return Number(length) >= 0xffff_ffff ? undefined : Number(readText("/proc/sys/kernel/overflowuid") ?? 65534)
}

function writableByOthers(found: Stats, user: number): string | undefined {
  if (found.uid !== 0 && found.uid !== user) return `belongs to user ${found.uid}`
  if (found.isDirectory() && (found.mode & 0o1000) !== 0) return undefined
  if ((found.mode & 0o002) !== 0) return "can be written by everybody"
  if ((found.mode & 0o020) !== 0 && found.gid !== 0) return `can be written by group ${found.gid}`
  return undefined
}

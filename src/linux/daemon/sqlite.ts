import { createRequire } from "node:module"

/** What is used of the package libsql, whose synchronous half has better-sqlite3's shape. */
export interface Database {
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

export interface Statement {
  run(...values: readonly SqlValue[]): { readonly changes: number }
  all(...values: readonly SqlValue[]): readonly Row[]
  get(...values: readonly SqlValue[]): Row | undefined
}

export type SqlValue = string | number | null
export type Row = Readonly<Record<string, SqlValue>>

/** SQLite's own words for what is wrong (https://sqlite.org/rescode.html): SQLITE_FULL, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_BUSY. */
export function codeOf(error: unknown): string {
  return String((error as { readonly code?: unknown }).code ?? "")
}

/** Where the package is, for a thread that has modules of its own; undefined: it is missing. */
export function sqlitePath(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve("libsql")
  } catch {
    return undefined
  }
}

/** Throws where the file is no database, or another process has it; a sentence where the package is missing. */
export function openDatabase(path: string): Database | string {
  let Sqlite: new (path: string) => Database
  try {
    Sqlite = createRequire(import.meta.url)("libsql")
  } catch {
    return "the libsql package is missing or has no build for this machine: run npm ci"
  }
  return new Sqlite(path)
}

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test, vi } from "vitest"
import { printAddress } from "../../../core/base/address.js"
import { createLoginReader, followJournal, messageOf } from "./logins.js"

function readAll(...messages: readonly string[]): readonly string[] {
  const told: string[] = []
  const reader = createLoginReader(({ outcome, source, sourcePort, user }) =>
    told.push(`${outcome} ${printAddress(source)}:${sourcePort} ${user}`),
  )
  for (const message of messages) reader.take(message, 1)
  return told
}

test("what sshd says of logins is read, each attempt once", () => {
  expect(
    readAll(
      "Failed password for root from 192.0.2.7 port 40000 ssh2",
      "Failed password for root from 192.0.2.7 port 40000 ssh2",
      "Connection closed by authenticating user root 192.0.2.7 port 40000 [preauth]",
      "Invalid user admin from 192.0.2.8 port 40001",
      "Connection closed by invalid user admin 192.0.2.8 port 40001 [preauth]",
      "Failed password for invalid user x from 2001:db8::9 port 40002 ssh2",
      "Failed keyboard-interactive/pam for root from 192.0.2.10 port 40003 ssh2",
      "Accepted publickey for op from ::ffff:192.0.2.11 port 40004 ssh2: ED25519 SHA256:abc",
      "pam_unix(sshd:auth): authentication failure; rhost=192.0.2.12",
      "Server listening on 0.0.0.0 port 22.",
    ),
  ).toEqual([
    "failed 192.0.2.7:40000 root",
    "failed 192.0.2.7:40000 root",
    "failed 192.0.2.8:40001 admin",
    "failed 2001:db8::9:40002 x",
    "failed 192.0.2.10:40003 root",
    "accepted 192.0.2.11:40004 op",
  ])
})

test("a user's name cannot have somebody else blamed", () => {
  expect(
    readAll(
      "Failed password for invalid user x from 198.51.100.1 port 22 ssh2 from 192.0.2.7 port 40000 ssh2",
      "Invalid user x from 198.51.100.1 port 22 from 192.0.2.8 port 40001",
      "Connection closed by invalid user y 198.51.100.1 port 22 [preauth] 192.0.2.9 port 40002 [preauth]",
    ),
  ).toEqual([
    "failed 192.0.2.7:40000 x from 198.51.100.1 port 22 ssh2",
    "failed 192.0.2.8:40001 x from 198.51.100.1 port 22",
    "failed 192.0.2.9:40002 y 198.51.100.1 port 22 [preauth]",
  ])
})

test("a name that is as long as sshd's messages may be, so that the true address is cut off, has nobody blamed", () => {
  const cut = (message: string) => message.slice(0, 1023)
  const name = (before: string, victim: string) => before.padEnd(1023 - victim.length, "A") + victim
  expect(
    readAll(
      cut(`${name("Invalid user ", " from 198.51.100.1 port 22")} from 192.0.2.7 port 40000`),
      cut(
        `${name("Failed password for invalid user ", " from 198.51.100.1 port 22")} from 192.0.2.7 port 40001 ssh2`,
      ),
      `Invalid user ${"A".repeat(500)} from 192.0.2.8 port 40002`,
    ),
  ).toEqual([expect.stringMatching(/^failed 192\.0\.2\.8:40002 A{64}$/)])
})

test("in a file only lines that sshd itself begins are read", () => {
  const failed = "Failed password for root from 192.0.2.7 port 40000 ssh2"
  for (const beginning of [
    "Jan  2 03:04:05 host sshd[7]: ",
    "Nov 23 03:04:05 host.example sshd-session[7]: ",
    "2026-01-02T03:04:05.678901+01:00 host sshd-auth[7]: ",
    "<38>2026-01-02T03:04:05Z host sshd: ",
    "Jan  2 03:04:05 host auth.info sshd[7]: ",
    "Jan  2 03:04:05 host /usr/sbin/sshd[7]: ",
  ])
    expect([beginning, messageOf(beginning + failed)]).toEqual([beginning, failed])
  for (const beginning of [
    "Jan  2 03:04:05 host vsftpd[9]: failed login of sshd[7]: ",
    "Jan  2 03:04:05 host ftpd: sshd[7]: ",
    "Jan  2 03:04:05 host sudo: x : COMMAND=/bin/echo sshd[7]: ",
    "sshd[7]: ",
    "Jan  2 03:04:05 sshd[7]: ",
    "Jan  2 03:04:05 host notsshd[7]: ",
  ])
    expect([beginning, messageOf(beginning + failed)]).toEqual([beginning, undefined])
})

test("the journal is read as journalctl prints it, whatever is broken in between, and journalctl is started again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "floodwall-journal-"))
  const program = join(folder, "journalctl")
  const lines = [
    '{"MESSAGE":"one"}',
    '{"MESSAGE":[116,119,111]}',
    '{"MESSAGE":null}',
    "half a li",
    '{"MESSAGE":"three"}',
  ]
  writeFileSync(program, `#!/bin/sh\necho "$@" > ${folder}/words\ncat <<'END'\n${lines.join("\n")}\nEND\n`)
  chmodSync(program, 0o755)
  const messages: string[] = []
  const follower = followJournal(program, (message) => messages.push(message), 50)
  onTestFinished(() => {
    follower.stop()
    rmSync(folder, { recursive: true })
  })
  await vi.waitFor(
    () => expect(messages.slice(0, 6)).toEqual(["one", "two", "three", "one", "two", "three"]),
    5000,
  )
})

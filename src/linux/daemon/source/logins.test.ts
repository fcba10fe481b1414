import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
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

test.each([
  {
    title: "Debian 12, OpenSSH 9.2: a name that nobody has, two passwords, gone",
    lines: [
      "Invalid user admin from 203.0.113.9 port 50122",
      "pam_unix(sshd:auth): check pass; user unknown",
      "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9 ",
      "Failed password for invalid user admin from 203.0.113.9 port 50122 ssh2",
      "Failed password for invalid user admin from 203.0.113.9 port 50122 ssh2",
      "Connection closed by invalid user admin 203.0.113.9 port 50122 [preauth]",
    ],
    failed: 2,
  },
  {
    title: "Ubuntu: rsyslog has put two lines into one",
    lines: [
      "Failed password for root from 203.0.113.9 port 50122 ssh2",
      "message repeated 2 times: [ Failed password for root from 203.0.113.9 port 50122 ssh2]",
      "error: maximum authentication attempts exceeded for root from 203.0.113.9 port 50122 ssh2 [preauth]",
      "Disconnecting authenticating user root 203.0.113.9 port 50122: Too many authentication failures [preauth]",
      "PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=root",
    ],
    failed: 3,
  },
  {
    title: "an agent with six keys, none of which fits",
    lines: [
      ...Array.from(
        { length: 6 },
        () => "Failed publickey for op from 203.0.113.9 port 50122 ssh2: RSA SHA256:x",
      ),
      "error: maximum authentication attempts exceeded for op from 203.0.113.9 port 50122 ssh2 [preauth]",
      "Disconnecting authenticating user op 203.0.113.9 port 50122: Too many authentication failures [preauth]",
    ],
    failed: 1,
  },
  {
    title: "RHEL 9, OpenSSH 8.7: keyboard-interactive",
    lines: [
      "error: PAM: Authentication failure for root from 203.0.113.9",
      "Failed keyboard-interactive/pam for root from 203.0.113.9 port 50122 ssh2",
      "Received disconnect from 203.0.113.9 port 50122:11: Bye Bye [preauth]",
      "Disconnected from authenticating user root 203.0.113.9 port 50122 [preauth]",
    ],
    failed: 1,
  },
  {
    title: "a user who may not, and one without a name",
    lines: [
      "User backup from 203.0.113.9 not allowed because not listed in AllowUsers",
      "Failed password for invalid user backup from 203.0.113.9 port 50122 ssh2",
      "Invalid user  from 203.0.113.9 port 50123",
      "Connection reset by invalid user  203.0.113.9 port 50123 [preauth]",
    ],
    failed: 2,
  },
  {
    title: "no logins: monitors, scanners of versions, penalties",
    lines: [
      "Connection closed by 203.0.113.9 port 50122 [preauth]",
      "Connection closed by 203.0.113.9 port 50122",
      "Did not receive identification string from 203.0.113.9 port 50122",
      "kex_exchange_identification: Connection closed by remote host",
      "banner exchange: Connection from 203.0.113.9 port 50122: invalid format",
      "Unable to negotiate with 203.0.113.9 port 50122: no matching host key type found. Their offer: ssh-rsa [preauth]",
      "Bad protocol version identification 'GET / HTTP/1.1' from 203.0.113.9 port 50122",
      "Timeout before authentication for connection from 203.0.113.9 to 192.0.2.1, pid = 7",
      "drop connection #0 from [203.0.113.9]:50122 on [192.0.2.1]:22 penalty: failed authentication",
      "Received disconnect from 203.0.113.9 port 50122:11: disconnected by user",
      "Disconnected from user op 203.0.113.9 port 50122",
      "pam_unix(sshd:session): session opened for user op(uid=1000) by (uid=0)",
    ],
    failed: 0,
  },
])("$title: each attempt once", ({ lines, failed }) => {
  const told = readAll(...lines)
  expect(told.every((line) => line.startsWith("failed 203.0.113.9:"))).toBe(true)
  expect(told).toHaveLength(failed)
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
    "Jan  2 03:04:05.678 host sshd[7]: ",
    "2026-01-02 03:04:05 host sshd[7]: ",
    "2026-01-02T03:04:05+0100 host sshd-session[7]: ",
    "<38>1 2026-01-02T03:04:05.003Z host sshd 7 - - ",
    '<38>1 2026-01-02T03:04:05.003Z host sshd-session 7 - [timeQuality tzKnown="1" isSynced="1"] \uFEFF',
  ])
    expect([beginning, messageOf(beginning + failed)]).toEqual([beginning, failed])
  for (const beginning of [
    "Jan  2 03:04:05 host vsftpd[9]: failed login of sshd[7]: ",
    "Jan  2 03:04:05 host ftpd: sshd[7]: ",
    "Jan  2 03:04:05 host sudo: x : COMMAND=/bin/echo sshd[7]: ",
    "sshd[7]: ",
    "Jan  2 03:04:05 sshd[7]: ",
    "Jan  2 03:04:05 host notsshd[7]: ",
    "<38>1 2026-01-02T03:04:05.003Z host vsftpd 7 - - sshd[7]: ",
    "<38>1 2026-01-02T03:04:05.003Z host notsshd 7 - - ",
  ])
    expect([beginning, messageOf(beginning + failed)]).toEqual([beginning, undefined])
})

test("a file of the journal's entries is read where root's sshd wrote them", () => {
  const entry = (fields: object) => JSON.stringify({ MESSAGE: "Failed", _COMM: "sshd", _UID: "0", ...fields })
  expect(messageOf(entry({}))).toBe("Failed")
  expect(messageOf(entry({ _COMM: "sshd-session" }))).toBe("Failed")
  for (const other of [{ _COMM: "logger" }, { _UID: "1000" }, { MESSAGE: [1] }])
    expect(messageOf(entry(other))).toBeUndefined()
  expect(messageOf('{"MESSAGE":"Failed","_COMM":"sshd",')).toBeUndefined()
})

test("the journal is read as journalctl prints it, whatever is broken in between, and journalctl is started again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "floodwall-journal-"))
  const program = join(folder, "journalctl")
  const lines = [
    '{"MESSAGE":"one","__CURSOR":"s=1;i=7"}',
    '{"MESSAGE":[116,119,111]}',
    '{"MESSAGE":null}',
    "half a li",
    '{"MESSAGE":"three"}',
  ]
  writeFileSync(
    program,
    `#!/bin/sh\necho "$*" >> ${folder}/words\necho no room >&2\ncat <<'END'\n${lines.join("\n")}\nEND\n`,
  )
  chmodSync(program, 0o755)
  const messages: string[] = []
  const notices: string[] = []
  const follower = followJournal(
    program,
    (message) => messages.push(message),
    (text) => notices.push(text),
    50,
  )
  onTestFinished(() => {
    follower.stop()
    rmSync(folder, { recursive: true })
  })
  await vi.waitFor(
    () => expect(messages.slice(0, 6)).toEqual(["one", "two", "three", "one", "two", "three"]),
    5000,
  )
  // What was logged while it did not run comes behind the last entry that it had printed.
  const starts = readFileSync(join(folder, "words"), "utf8").trim().split("\n")
  expect(starts[0]).toMatch(/--lines=0$/)
  expect(starts.slice(1).every((words) => words.endsWith(" --no-tail --after-cursor=s=1;i=7"))).toBe(true)
  expect(notices).toEqual([
    expect.stringMatching(/^journalctl has ended \(no room\): failed logins are not seen/),
  ])
})

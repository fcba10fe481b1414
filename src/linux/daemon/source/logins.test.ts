import { expect, test } from "vitest"
import { printAddress } from "../../../core/base/address.js"
import { createLoginReader } from "./logins.js"

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

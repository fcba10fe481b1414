import { fail, failed, type Outcome } from "../outcome.js"
import { BODY, readAttributes, textAt } from "./message.js"
import { openNetlink } from "./socket.js"

/** What somebody changed in tables of our name, in one transaction. */
export interface TableChange {
  /** The program that did it, as the kernel names it: `nft`, and its process. */
  readonly program: string
  readonly process: number
  readonly hasTableGone: boolean
  /** Something else than elements of sets. */
  readonly hasRulesChanged: boolean
  /** Names of sets whose elements were taken out. */
  readonly emptiedSets: readonly string[]
}

/** Hears of every change of nf_tables in this network namespace (NFNLGRP_NFTABLES), and tells of those that concern us. */
export interface TableWatch {
  readonly fd: number
  read(each: (change: TableChange) => void): boolean
  /** True once after notifications were lost: who wants to know looks for himself. */
  takeOverrun(): boolean
  close(): void
}

// linux/netfilter/nfnetlink.h and nf_tables.h
const NFNLGRP_NFTABLES = 7
const NFNL_SUBSYS_NFTABLES = 10
const NFT_MSG_DELTABLE = 2
const NFT_MSG_NEWSETELEM = 12
const NFT_MSG_DELSETELEM = 14
const NFT_MSG_NEWGEN = 15
const NFTA_GEN_PROC_PID = 2
const NFTA_GEN_PROC_NAME = 3
/** In every message of nf_tables that is about something in a table, its name is the first attribute. */
const TABLE_NAME = 1
const SET_NAME = 2

export function openTableWatch(table: string, ownPorts: readonly number[]): Outcome<TableWatch> {
  const opened = openNetlink({ receive: 4 << 20 })
  if (failed(opened)) return opened
  const socket = opened.value
  if (!socket.join(NFNLGRP_NFTABLES)) {
    const why = socket.errorName()
    socket.close()
    return fail("cannot", "no-netlink", `notifications of nf_tables: ${why}`)
  }
  let seen = 0
  let hasTableGone = false
  let hasRulesChanged = false
  let isOurs = false
  const emptied = new Set<string>()

  return {
    value: {
      fd: socket.fd,
      read(each) {
        return socket.read(({ type, port, view, bytes, from, end }) => {
          if (type >> 8 !== NFNL_SUBSYS_NFTABLES || ownPorts.includes(port)) return
          const kind = type & 0xff
          if (kind === NFT_MSG_NEWGEN) {
            if (isOurs) {
              let program = ""
              let process = 0
              readAttributes(view, from + BODY, end, (attribute, at, length) => {
                if (attribute === NFTA_GEN_PROC_PID && length >= 4) process = view.getUint32(at)
                else if (attribute === NFTA_GEN_PROC_NAME) program = textAt(bytes, at, length)
              })
              each({ program, process, hasTableGone, hasRulesChanged, emptiedSets: [...emptied] })
            }
            isOurs = false
            hasTableGone = false
            hasRulesChanged = false
            emptied.clear()
            return
          }
          const isElement = kind === NFT_MSG_NEWSETELEM || kind === NFT_MSG_DELSETELEM
          let name = ""
          let set = ""
          readAttributes(view, from + BODY, end, (attribute, at, length) => {
            if (attribute === TABLE_NAME) name = textAt(bytes, at, length)
            else if (isElement && attribute === SET_NAME) set = textAt(bytes, at, length)
          })
          if (name !== table) return
          isOurs = true
          if (kind === NFT_MSG_DELTABLE) hasTableGone = true
          if (!isElement) hasRulesChanged = true
          if (kind === NFT_MSG_DELSETELEM && emptied.size < SETS_MAXIMUM) emptied.add(set)
        }, READS)
      },
      takeOverrun() {
        const happened = socket.overruns !== seen
        seen = socket.overruns
        return happened
      },
      close: () => socket.close(),
    },
  }
}

const READS = 64
const SETS_MAXIMUM = 64

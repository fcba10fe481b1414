import { ONLY_TIMESTAMPS } from "../../packet/header.js"
import { ACK, FIN, type Packet, RST, SYN } from "../../packet/packet.js"
import { INVALID_TCP_ACK_OVER, INVALID_TCP_SEQ_OVER } from "./invalid.js"
import {
  BE_LIBERAL,
  END,
  FLAGS,
  FROM_REPLY,
  LAST_ACKNOWLEDGEMENT,
  LAST_END,
  LAST_SEGMENT,
  LAST_SEQUENCE,
  LAST_WINDOW,
  MAXACK,
  MAXACK_KNOWN,
  MAXEND,
  MAXWIN,
  ONE_RETRANSMISSION,
  SACK_PERMITTED,
  SCALE_SHIFT,
  SCALED,
  SIDE_WORDS,
  UNACKNOWLEDGED,
  WINDOW_FIELD,
} from "./layout.js"
import { REPLY } from "./status.js"
import { ACK_WINDOW, MOST_RETRANSMISSIONS, MOST_SCALE, SACK, SYN_RECV, SYN_SENT } from "./tcp-state.js"

/**
 * Window tracking: does a segment lie where its receiver can take it? The method is Guido van Rooij's ("Real stateful TCP packet
 * filtering in IP Filter", 2000), which conntrack follows: four bounds from what both ends said they take.
 */

const UNSCALED = (1 << SCALE_SHIFT) - 1

/** Answers of `check`; above 0 is why the segment is invalid. */
export const INSIDE = 0
/** Outside, but late rather than wrong: it passes and changes nothing. */
export const OUTSIDE_IGNORED = -1

/** Sequence numbers are compared modulo 2^32 (RFC 9293 section 3.4). */
export function before(left: number, right: number): boolean {
  return ((left - right) | 0) < 0
}

export function after(left: number, right: number): boolean {
  return ((right - left) | 0) < 0
}

/** The sequence number behind the segment; SYN and FIN take one each. Like all of them here a signed number of 32 bits: what V8 computes fastest. */
export function endOf(packet: Packet, segmentLength: number): number {
  const flags = packet.tcpFlags
  return (packet.tcpSequence + segmentLength + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)) | 0
}

/** The first segment of a connection: a SYN, or (picked up) one from the middle, whose window is then not held against it. */
export function begin(
  state: Int32Array,
  base: number,
  packet: Packet,
  segmentLength: number,
  isSyn: boolean,
): void {
  const end = endOf(packet, segmentLength)
  state[base + END] = end
  state[base + MAXWIN] = packet.tcpWindow || 1
  if (isSyn) {
    state[base + MAXEND] = end
    takeOptions(state, base, packet)
    return
  }
  state[base + MAXEND] = end + state[base + MAXWIN]!
  state[base + FLAGS] = SACK_PERMITTED | BE_LIBERAL
  state[base + SIDE_WORDS + FLAGS] = SACK_PERMITTED | BE_LIBERAL
}

function takeOptions(state: Int32Array, side: number, packet: Packet): void {
  state[side + FLAGS] = (state[side + FLAGS]! & BE_LIBERAL) | offeredBy(packet)
}

/** What a SYN's options are as a window's flags, its scale among them. */
export function offeredBy(packet: Packet): number {
  const scale = packet.tcpWindowScale
  const shift = Math.min(scale, MOST_SCALE)
  return (packet.tcpSackPermitted ? SACK_PERMITTED : 0) | (scale < 0 ? 0 : SCALED | (shift << SCALE_SHIFT))
}

function beginSender(
  state: Int32Array,
  sender: number,
  receiver: number,
  packet: Packet,
  end: number,
  direction: number,
): void {
  state[sender + END] = end
  state[sender + MAXEND] = end
  state[sender + MAXWIN] = packet.tcpWindow || 1
  takeOptions(state, sender, packet)
  // RFC 7323 section 1.3: both ends must have offered it.
  if (direction === REPLY && !(state[sender + FLAGS]! & state[receiver + FLAGS]! & SCALED)) {
    state[sender + FLAGS]! &= UNSCALED
    state[receiver + FLAGS]! &= UNSCALED
  }
}

/** Holds the segment against both windows and, where it lies inside, moves them. `phase` is the connection's state before it. */
export function check(
  state: Int32Array,
  base: number,
  direction: number,
  isPureAck: boolean,
  phase: number,
  packet: Packet,
  segmentEnd: number,
  liberal: boolean,
): number {
  const sender = base + direction * SIDE_WORDS
  const receiver = base + (1 - direction) * SIDE_WORDS
  const flags = packet.tcpFlags
  let sequence = packet.tcpSequence | 0
  let end = segmentEnd
  let acknowledgement = packet.tcpAcknowledgement | 0
  let sack = acknowledgement
  let size = packet.tcpWindow
  if (state[receiver + FLAGS]! & SACK_PERMITTED) sack = highestSack(packet, sack)

  if (state[sender + MAXWIN] === 0) {
    if (flags & SYN) {
      beginSender(state, sender, receiver, packet, end, direction)
      // Simultaneous open.
      if (!(flags & ACK)) return INSIDE
    } else {
      state[sender + END] = end
      const scaled = (size << (state[sender + FLAGS]! >> SCALE_SHIFT)) >>> 0
      state[sender + MAXWIN] = scaled || 1
      state[sender + MAXEND] = end + state[sender + MAXWIN]!
      if (state[receiver + MAXWIN] === 0) {
        state[receiver + END] = sack
        state[receiver + MAXEND] = sack
      } else if (sack === ((state[receiver + END]! + 1) | 0)) {
        // Probably the answer to a keep-alive.
        state[receiver + END]!++
      }
    }
  } else if (flags & SYN && (phase === SYN_SENT || phase === SYN_RECV) && after(end, state[sender + END]!)) {
    // A SYN or SYN-ACK sent again with other numbers or options replaces the first (RFC 9293 section 3.4.3).
    beginSender(state, sender, receiver, packet, end, direction)
    if (direction === REPLY && !(flags & ACK)) return INSIDE
  }

  if (!(flags & ACK) || (flags & RST && acknowledgement === 0)) {
    // No ACK, or the zero of stacks that set ACK in their RSTs: as if it acknowledged all.
    acknowledgement = state[receiver + END]!
    sack = acknowledgement
  }
  if (flags & RST && sequence === 0 && phase === SYN_SENT) {
    sequence = state[sender + END]!
    end = sequence
  }

  if (!isInside(state, sender, receiver, sequence, end, sack)) {
    const fault = whyOutside(state, sender, receiver, sequence, end, sack)
    // Not held against it, but its numbers are not believed either.
    return liberal ? INSIDE : fault
  }
  if (!(flags & SYN)) size = (size << (state[sender + FLAGS]! >> SCALE_SHIFT)) >>> 0
  move(state, sender, receiver, end, acknowledgement, sack, size)
  if (flags & ACK) noteAcknowledgement(state, sender, acknowledgement)
  if (isPureAck) countRetransmission(state, base, direction, sequence, acknowledgement, end, packet.tcpWindow)
  return INSIDE
}

/**
 * `check` for a segment in the middle of a connection that both ends have spoken in: with ACK, and without SYN, FIN and RST. The flags of both windows, or -1: it does not lie inside, or an end has
 * said nothing yet, and nothing has changed. The bounds and moves of `isInside`, `move` and `noteAcknowledgement` once more, but each word is read once: that is half of their instructions.
 */
export function follow(
  state: Int32Array,
  base: number,
  direction: number,
  packet: Packet,
  end: number,
): number {
  const sender = base + direction * SIDE_WORDS
  const receiver = base + (1 - direction) * SIDE_WORDS
  const reach = state[sender + MAXWIN]!
  if (reach === 0) return -1
  const sequence = packet.tcpSequence | 0
  const acknowledgement = packet.tcpAcknowledgement | 0
  const window = packet.tcpWindow
  let senderFlags = state[sender + FLAGS]!
  let receiverFlags = state[receiver + FLAGS]!
  let sack = acknowledgement
  if (packet.tcpHeaderLength > 20 && (receiverFlags & SACK_PERMITTED) !== 0) sack = highestSack(packet, sack)
  const bound = state[sender + MAXEND]!
  const senderEnd = state[sender + END]!
  const receiverEnd = state[receiver + END]!
  const room = state[receiver + MAXWIN]!
  if (
    ((sequence - bound - 1) | 0) >= 0 ||
    ((sack - receiverEnd - 1) | 0) >= 0 ||
    (room !== 0 && ((senderEnd - room - 1 - end) | 0) >= 0) ||
    ((receiverEnd - Math.max(reach >>> 0, ACK_WINDOW) - 1 - sack) | 0) >= 0
  )
    return -1

  const size = (window << (senderFlags >> SCALE_SHIFT)) >>> 0
  const reaches = (size + (sack - acknowledgement)) >>> 0
  if (reach >>> 0 < reaches) state[sender + MAXWIN] = reaches
  if (after(end, senderEnd)) {
    state[sender + END] = end
    senderFlags |= UNACKNOWLEDGED
  }
  if (room !== 0 && after(end, bound)) state[receiver + MAXWIN] = room + ((end - bound) >>> 0)
  const offered = (sack + size) | 0
  if (((state[receiver + MAXEND]! - 1 - offered) | 0) < 0)
    state[receiver + MAXEND] = size === 0 ? offered + 1 : offered
  if (acknowledgement === receiverEnd) receiverFlags &= ~UNACKNOWLEDGED
  if ((senderFlags & MAXACK_KNOWN) === 0) {
    state[sender + MAXACK] = acknowledgement
    senderFlags |= MAXACK_KNOWN
  } else if (after(acknowledgement, state[sender + MAXACK]!)) state[sender + MAXACK] = acknowledgement
  state[sender + FLAGS] = senderFlags
  state[receiver + FLAGS] = receiverFlags
  countRetransmission(state, base, direction, sequence, acknowledgement, end, window)
  return senderFlags | receiverFlags
}

/** The segment is believed: what it says of both windows. */
function move(
  state: Int32Array,
  sender: number,
  receiver: number,
  end: number,
  acknowledgement: number,
  sack: number,
  size: number,
): void {
  const reach = (size + (sack - acknowledgement)) >>> 0
  if (state[sender + MAXWIN]! >>> 0 < reach) state[sender + MAXWIN] = reach
  if (after(end, state[sender + END]!)) {
    state[sender + END] = end
    state[sender + FLAGS]! |= UNACKNOWLEDGED
  }
  if (state[receiver + MAXWIN] !== 0 && after(end, state[sender + MAXEND]!))
    state[receiver + MAXWIN]! += (end - state[sender + MAXEND]!) >>> 0
  if (after((sack + size) | 0, (state[receiver + MAXEND]! - 1) | 0)) {
    state[receiver + MAXEND] = (sack + size) | 0
    if (size === 0) state[receiver + MAXEND]!++
  }
  if (acknowledgement === state[receiver + END]) state[receiver + FLAGS]! &= ~UNACKNOWLEDGED
}

function noteAcknowledgement(state: Int32Array, sender: number, acknowledgement: number): void {
  if (!(state[sender + FLAGS]! & MAXACK_KNOWN)) {
    state[sender + MAXACK] = acknowledgement
    state[sender + FLAGS]! |= MAXACK_KNOWN
  } else if (after(acknowledgement, state[sender + MAXACK]!)) state[sender + MAXACK] = acknowledgement
}

/** The four bounds. */
function isInside(
  state: Int32Array,
  sender: number,
  receiver: number,
  sequence: number,
  end: number,
  sack: number,
): boolean {
  const receiverEnd = state[receiver + END]!
  const room = state[receiver + MAXWIN]!
  return (
    before(sequence, (state[sender + MAXEND]! + 1) | 0) &&
    before(sack, (receiverEnd + 1) | 0) &&
    (room === 0 || after(end, (state[sender + END]! - room - 1) | 0)) &&
    after(sack, (receiverEnd - Math.max(state[sender + MAXWIN]! >>> 0, ACK_WINDOW) - 1) | 0)
  )
}

/** Which of them was broken. */
function whyOutside(
  state: Int32Array,
  sender: number,
  receiver: number,
  sequence: number,
  end: number,
  sack: number,
): number {
  const acknowledgesSeen = before(sack, (state[receiver + END]! + 1) | 0)
  const room = state[receiver + MAXWIN]! >>> 0
  const reachesWindow = room === 0 || after(end, (state[sender + END]! - room - 1) | 0)
  const isRecent = after(
    sack,
    (state[receiver + END]! - Math.max(state[sender + MAXWIN]! >>> 0, ACK_WINDOW) - 1) | 0,
  )
  if (!before(sequence, (state[sender + MAXEND]! + 1) | 0)) {
    const overshot = (end - state[sender + MAXEND]! + 1) >>> 0
    if (!reachesWindow || !acknowledgesSeen || !isRecent || overshot > room) return INVALID_TCP_SEQ_OVER
    // Only a window's worth too far, and all else is right: the ACK for it must not be taken for an ACK of data never sent.
    state[sender + END] = end
    state[sender + FLAGS]! |= UNACKNOWLEDGED
    return OUTSIDE_IGNORED
  }
  return acknowledgesSeen ? OUTSIDE_IGNORED : INVALID_TCP_ACK_OVER
}

function countRetransmission(
  state: Int32Array,
  base: number,
  direction: number,
  sequence: number,
  acknowledgement: number,
  end: number,
  window: number,
): void {
  const last = state[base + LAST_WINDOW]!
  if (
    state[base + LAST_SEGMENT]! >= FROM_REPLY === (direction === REPLY) &&
    state[base + LAST_SEQUENCE] === sequence &&
    state[base + LAST_ACKNOWLEDGEMENT] === acknowledgement &&
    state[base + LAST_END] === end &&
    (last & WINDOW_FIELD) === window
  ) {
    if (last < MOST_RETRANSMISSIONS) state[base + LAST_WINDOW] = last + ONE_RETRANSMISSION
    return
  }
  // Who sent it stands in LAST_SEGMENT once the segment is through.
  state[base + LAST_SEQUENCE] = sequence
  state[base + LAST_ACKNOWLEDGEMENT] = acknowledgement
  state[base + LAST_END] = end
  state[base + LAST_WINDOW] = window
}

/** RFC 2018: the highest right edge that the segment's SACK option reports, or `acknowledgement` where it has none. */
function highestSack(packet: Packet, acknowledgement: number): number {
  const headerLength = packet.tcpHeaderLength
  if (headerLength <= 20) return acknowledgement
  const { view } = packet
  let at = packet.transportOffset + 20
  let end = packet.transportOffset + headerLength
  const captured = packet.frameOffset + packet.capturedLength
  if (captured < end) end = captured
  else if (headerLength === 32 && view.getInt32(at) === ONLY_TIMESTAMPS) return acknowledgement
  let highest = acknowledgement
  while (at < end) {
    const kind = view.getUint8(at)
    if (kind === 0) break
    if (kind === 1) {
      at++
      continue
    }
    if (at + 1 >= end) break
    const length = view.getUint8(at + 1)
    if (length < 2 || at + length > end) break
    if (kind === SACK && length >= 10 && (length - 2) % 8 === 0)
      for (let block = at + 6; block < at + length; block += 8) {
        const right = view.getInt32(block)
        if (after(right, highest)) highest = right
      }
    at += length
  }
  return highest
}

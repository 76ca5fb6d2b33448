import { isEvidence } from './evidence-decode.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * The events of a frame as frames of one event each, byte for byte as they stand in it; null when
 * it is no JSON array of objects (then it is one thing). Only for a frame that is looked at
 * closely: the decoder needs no copies.
 */
export function splitFrame(bytes: Uint8Array): Uint8Array[] | null {
  const events = isSplittable(bytes) ? cut(bytes) : null
  // alone, an event of a vendor's frame must not become one of ours
  if (events?.some(isEvidence) && !isEvidence(bytes)) return null
  return events
}

/** What is malformed as a whole must not become several frames of which some are not. */
function isSplittable(bytes: Uint8Array): boolean {
  try {
    const events: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    return Array.isArray(events) && events.every((event) => event instanceof Object)
  } catch {
    return false
  }
}

function cut(bytes: Uint8Array): Uint8Array[] | null {
  const events: Uint8Array[] = []
  let depth = 0
  let start = -1
  let isInText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (isInText) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) isInText = false
      continue
    }
    if (byte === QUOTE) isInText = true
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth++
      if (depth === 1) {
        if (byte === OPEN_OBJECT || start !== -1) return null
        start = at + 1
      }
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth--
      if (depth === 0) return byte === CLOSE_ARRAY ? closed(events, bytes, start, at) : null
    } else if (byte === COMMA && depth === 1) {
      events.push(frameOf(bytes.subarray(start, at)))
      start = at + 1
    }
  }
  return null
}

function closed(
  events: Uint8Array[],
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array[] | null {
  const last = bytes.subarray(start, end)
  if (Buffer.from(last).toString('latin1').trim() !== '') events.push(frameOf(last))
  return events.length > 0 ? events : null
}

function frameOf(event: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('['), event, Buffer.from(']')])
}

const STAR = 0x2a

/** How a server may write a secret: as it is, in JSON with plain or escaped slashes, in a URL. */
export function spellingsOf(secret: string): readonly Buffer[] {
  const inJson = JSON.stringify(secret).slice(1, -1)
  const all = [secret, inJson, inJson.replaceAll('/', '\\/'), encodeURIComponent(secret)]
  return [...new Set(all)].filter((text) => text !== '').map((text) => Buffer.from(text))
}

/**
 * `bytes` with each occurrence of a secret overwritten by as many `*`. Copies only when it must.
 */
export function redacted(bytes: Uint8Array, secrets: readonly Buffer[]): Buffer {
  let clean = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let isCopy = false
  for (const secret of secrets) {
    for (let at = clean.indexOf(secret); at >= 0; at = clean.indexOf(secret, at + secret.length)) {
      if (!isCopy) clean = Buffer.from(clean)
      isCopy = true
      clean.fill(STAR, at, at + secret.length)
    }
  }
  return clean
}

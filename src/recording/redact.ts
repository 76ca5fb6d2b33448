const STAR = 0x2a

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

/** What is known of when a document was published. */
export interface Published {
  /** Inside its signature: nobody but the signer can change it. */
  readonly signedAtMs?: number | undefined
  /** `Last-Modified`, on the word of the source. */
  readonly modifiedAtMs?: number | undefined
}

/**
 * Whether `next` was published before `present`, as far as anybody can tell: by the times in their signatures or else by
 * `Last-Modified`. What has no time counts as no older than anything. ETags say that documents differ, and not in which order
 * (RFC 9110 §8.8.3).
 */
export function isOlder(next: Published, present: Published): boolean {
  const signed = isBefore(next.signedAtMs, present.signedAtMs)
  return signed ?? isBefore(next.modifiedAtMs, present.modifiedAtMs) ?? false
}

const isBefore = (a: number | undefined, b: number | undefined): boolean | undefined =>
  a === undefined || b === undefined ? undefined : a < b

/** Which of its times a document was found to be older by, in words. */
export function printedTime({ modifiedAtMs, signedAtMs }: Published): string {
  const [what, at] =
    signedAtMs === undefined ? ["last modified", modifiedAtMs] : ["signed", signedAtMs]
  return at === undefined ? "without a time" : `${what} at ${new Date(at).toISOString()}`
}

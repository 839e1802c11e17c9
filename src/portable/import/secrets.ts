import { soundsSecret } from "../../registry/secret-names.ts"

/** Further last words of names whose values are secrets. */
const surely = /(?:^|[^a-z])(?:key|passphrase|pass|pwd|pat|jwt|credential|dsn)[^a-z]*$/i
const perhaps = /key|token|secret|pass|auth|cred|private|cookie/i

/** Beginnings that issuers give to what they issue. */
const issued =
  /^(?:gh[pousr]_|github_pat_|glpat-|sk[-_]|[pr]k_(?:live|test)_|xox[abeprs]-|xapp-|AKIA|ASIA|AIza|ya29\.|eyJ|npm_|pypi-|hf_|lin_api_|ntn_|secret_|dop_v1_|SG\.|shpat_|tvly-|figd_|apify_api_)/

/** Texts with a secret in them: an address with a password, a credential with its scheme, a named part. */
const telling = [
  /^[a-z][a-z0-9+.-]{0,32}:\/\/[^/?#\s]{0,512}:[^/?#\s]{0,512}@/i,
  /^https?:\/\/[^/?#\s@]{16,512}@/i, // longer than a user's name
  /\b(?:Bearer|Basic)\s+[^\s"]{3}/i,
  /(?<![a-z])(?:password|passwd|pwd|accountkey|sharedaccesskey|api[-_]?key|token|secret)=[^;&\s]{3}/i,
  /"[^"]{0,40}(?:key|token|secret|password|authorization)"\s*:\s*"[^"]/i,
]

/** Whether a value under this name is to be kept out of files. When in doubt it is: a variable too many does no harm. */
export function isSecret(name: string, value: string): boolean {
  if (value === "") return false
  const words = name.slice(-64).replace(/([a-z0-9])([A-Z])/g, "$1 $2")
  if (soundsSecret(name) || surely.test(words) || looksSecret(value)) return true
  return perhaps.test(name) && !isPlain(value) && !isWord(value)
}

/** Whether a value is a secret, or holds one, by its own looks, whatever it is called. */
export function looksSecret(value: string): boolean {
  if (telling.some((sign) => sign.test(value))) return true
  const words = value.split(/[^\w.-]+-*|^-+/)
  return (
    words.some((word) => issued.test(word) && word.length >= 12 && /\d/.test(word)) ||
    isRandom(value)
  )
}

/** A long run of letters and digits that nobody made up: capitals, small letters and digits mixed, or hex. Paths have such. */
const isRandom = (value: string): boolean =>
  !isPath.test(value) &&
  value
    .split(/[^\w+=-]/)
    .some(
      (run) =>
        (run.length >= 20 && /[A-Z]/.test(run) && /[a-z]/.test(run) && /\d/.test(run)) ||
        (/^[0-9a-f]{32,}$/i.test(run) && /\d/.test(run)),
    )

const isPath = /^(?:~|\.{1,2})?\/|^[A-Za-z]:\\/

/** Switches, numbers, paths and addresses without credentials. */
const isPlain = (value: string): boolean =>
  /^(?:true|false|yes|no|on|off|none|null|\d{1,6}|(?:~|\.{1,2})?\/\S*|[A-Za-z]:\\.*|https?:\/\/[^@?]*)$/i.test(
    value,
  )

const isWord = (value: string): boolean => /^[a-z]{1,12}$/.test(value)

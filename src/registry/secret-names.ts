/** Names under which a literal value is taken for a credential, in lower case and without separators. */
export const secretNames: ReadonlySet<string> = new Set([
  "apikey",
  "accesstoken",
  "authtoken",
  "token",
  "secret",
  "clientsecret",
  "password",
  "passwd",
  "authorization",
  "bearer",
])

/** Whether a key names a secret: `password`, `X-Api-Key`, `GITHUB_TOKEN`, `clientSecret`; by its last words, in any case. */
export function soundsSecret(key: string): boolean {
  const words = key
    .slice(-64)
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
  return secretNames.has(words.slice(-2).join("")) || secretNames.has(words.at(-1) ?? "")
}

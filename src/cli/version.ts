import { readFileSync } from "node:fs"

/** Of package.json, which stands at the same depth below src/ and dist/. */
export function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8")
  return (JSON.parse(text) as { version: string }).version
}

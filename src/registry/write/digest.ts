import { createHash, type Hash } from "node:crypto"
import { canonical } from "../../schema/canonical.ts"
import type { Json } from "../../schema/json.ts"
import type { RegistryDocument } from "../model.ts"
import { cardJson } from "./card-json.ts"
import { schemaJson, serverJson, toolJson, topLevel, type Writing } from "./document-json.ts"

const writing: Writing = { notes: "dropped" }

/**
 * The digest of a document: SHA-256 over the canonical JSON (RFC 8785) of its canonical form with references pinned,
 * without annotations; spelling and comments do not change it. Returns `sha256:` and 64 hex digits. The text is never
 * made as a whole, and hashing pauses after every entity.
 */
export function* documentDigest(document: RegistryDocument): Generator<void, string, void> {
  const { schemas, servers, tools, agents } = document
  const sections = new Map<string, Iterable<Json>>([
    ["schemas", schemas.values().map((entity) => schemaJson(entity, writing))],
    ["servers", servers.values().map((entity) => serverJson(entity, writing))],
    ["tools", tools.values().map((entity) => toolJson(entity, writing))],
    ["agents", agents.values().map(cardJson)],
  ])
  const others = Object.entries(topLevel(document, {}, writing))
  const hash = createHash("sha256")
  // RFC 8785 §3.2.3: members in the order of their keys' UTF-16 code units.
  const keys = [...sections.keys(), ...others.map(([key]) => key)].sort()
  for (const [index, key] of keys.entries()) {
    hash.update(`${index === 0 ? "{" : ","}${canonical(key)}:`)
    const section = sections.get(key)
    if (section !== undefined) yield* hashList(hash, section)
    else hash.update(canonical(Object.fromEntries(others)[key] ?? null))
  }
  return `sha256:${hash.update("}").digest("hex")}`
}

function* hashList(hash: Hash, items: Iterable<Json>): Generator<void, void, void> {
  let separator = "["
  for (const item of items) {
    hash.update(separator + canonical(item))
    separator = ","
    yield
  }
  hash.update(separator === "[" ? "[]" : "]")
}

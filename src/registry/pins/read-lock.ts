import { isList, isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import type { LoadLimits } from "../limits.ts"
import { toEnd } from "../load.ts"
import { refOf } from "../model.ts"
import type { Problem } from "../problem.ts"
import { readDocument } from "../read/read-document.ts"
import { digestsOf } from "./definition.ts"
import {
  type Approval,
  type Lock,
  lockOf,
  type ServerPin,
  type ServerWords,
  type ToolPin,
} from "./lock.ts"
import { lockVersion } from "./lock-text.ts"

export type LockReading =
  | { readonly ok: true; readonly lock: Lock }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/**
 * Reads the text of a lock file. Every definition must have the digests that stand beside it: a lock that was changed by
 * hand pins nothing that anybody looked at.
 */
export function* readLock(text: string, limits: LoadLimits): Generator<void, LockReading, void> {
  const { tree, problems } = yield* readDocument(text, limits)
  if (tree === undefined) return { ok: false, problems }
  const reader = new Reader()
  const servers = yield* reader.lock(tree)
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems }
  return { ok: true, lock: lockOf(servers) }
}

/** The same in one go. */
export const readLockAtOnce = (text: string, limits: LoadLimits): LockReading =>
  toEnd(readLock(text, limits))

const problemsMax = 20

class Reader {
  readonly problems: Problem[] = []

  #wrong(pointer: string, message: string, hint: string): undefined {
    if (this.problems.length === problemsMax) return
    this.problems.push({ code: "lock_invalid", severity: "error", pointer, message, hint })
  }

  *lock(tree: JsonObject): Generator<void, ServerPin[], void> {
    if (tree["lockVersion"] !== lockVersion)
      this.#wrong(
        "/lockVersion",
        `this version reads lockVersion ${lockVersion}`,
        "write the lock anew with postern lock",
      )
    const servers = new Map<string, ServerPin>()
    for (const [index, entry] of this.#list(tree, "servers", "").entries()) {
      const at = `/servers/${index}`
      const pin = yield* this.#server(entry, at)
      if (pin === undefined) continue
      const key = JSON.stringify(pin.server)
      if (servers.has(key)) this.#wrong(at, "this server stands here twice", "keep one entry")
      servers.set(key, pin)
    }
    return [...servers.values()]
  }

  #list(object: JsonObject, key: string, at: string): readonly Json[] {
    const value = member(object, key)
    if (isList(value)) return value
    this.#wrong(`${at}/${key}`, "expected a list", anew)
    return []
  }

  *#server(entry: Json, at: string): Generator<void, ServerPin | undefined, void> {
    const { server: name, version } = isObject(entry) ? entry : {}
    if (!isObject(entry) || typeof name !== "string" || !isTextOrNone(version))
      return this.#wrong(at, "expected an object with server, version and tools", anew)
    const tools = new Map<string, ToolPin>()
    for (const [index, listed] of this.#list(entry, "tools", at).entries()) {
      yield
      const pin = this.#tool(listed, `${at}/tools/${index}`)
      if (pin === undefined) continue
      if (tools.has(pin.name))
        this.#wrong(`${at}/tools/${index}`, "this tool stands here twice", "keep one entry")
      tools.set(pin.name, pin)
    }
    const approval = this.#approval(entry, at)
    return {
      server: refOf({ name, version }),
      ...wordsIn(entry),
      ...(approval && { approval }),
      tools: [...tools.values()],
    }
  }

  #tool(entry: Json, at: string): ToolPin | undefined {
    const { name, digest, full, definition } = isObject(entry) ? entry : {}
    if (!isObject(entry) || typeof name !== "string" || !isObject(definition))
      return this.#wrong(at, "expected an object with name, digest, full and definition", anew)
    const digests = digestsOf(definition)
    if (digests?.definition !== digest || digests?.full !== full || definition["name"] !== name)
      return this.#wrong(
        at,
        "the definition is not the one that the digests beside it were made of",
        "take the entry as it was, or remove it and run postern lock",
      )
    const approval = this.#approval(entry, at)
    return { name, definition, ...digestsIn(digests), ...(approval && { approval }) }
  }

  #approval(entry: JsonObject, at: string): Approval | undefined {
    const approval = member(entry, "approval")
    if (approval === undefined) return
    const { by, reason, at: time } = isObject(approval) ? approval : {}
    if (typeof by === "string" && typeof reason === "string" && typeof time === "string")
      return { by, reason, at: time }
    return this.#wrong(`${at}/approval`, "expected by, reason and at", anew)
  }
}

const anew = "take the file as postern lock wrote it"
const isTextOrNone = (value: Json | undefined): value is string | undefined =>
  value === undefined || typeof value === "string"

const digestsIn = (
  digests: { readonly definition: string; readonly full: string } | undefined,
) => ({
  digest: digests?.definition ?? "",
  full: digests?.full ?? "",
})

/** What a server says of itself, in a lock or when it was connected; what is malformed says nothing. */
export function wordsIn(said: JsonObject): ServerWords {
  const instructions = member(said, "instructions")
  const serverInfo = member(said, "serverInfo")
  const { name, version } = isObject(serverInfo) ? serverInfo : {}
  return {
    ...(typeof name === "string" &&
      typeof version === "string" && { serverInfo: { name, version } }),
    ...(typeof instructions === "string" && { instructions }),
  }
}

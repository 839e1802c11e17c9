import { isList, isObject, type Json, type JsonObject, member } from "../../schema/json.ts"

/**
 * A record as it is read back from a file. Whatever an older gateway did not write, or wrote in another shape, is
 * undefined: a file of last year must be readable, too. See docs/reference/audit.md.
 */
export interface AuditEntry {
  readonly file: string
  /** Counts from 1. */
  readonly line: number
  readonly seq: number
  /** RFC 3339, as it is written; "" where there is none. */
  readonly time: string
  /** `call`, `step`, `list`, …; a kind of a newer gateway is a text like any other. */
  readonly kind: string
  readonly id: string
  readonly method: string | undefined
  readonly remote: string | undefined
  /** Undefined where nobody was identified. */
  readonly caller: EntryCaller | undefined
  readonly target: EntryTarget | undefined
  readonly server: EntryRef | undefined
  /** `allow`, `refuse` or `note`. */
  readonly decision: string
  readonly refusal: string | undefined
  readonly reason: string | undefined
  readonly warnings: readonly string[]
  readonly outcome: string | undefined
  readonly catalog: string | undefined
  /** Empty where the record has none. */
  readonly note: JsonObject
}

export interface EntryRef {
  readonly name: string
  readonly version: string | undefined
}

export interface EntryTarget extends EntryRef {
  /** `tool`, `resource`, `prompt` or `method`. */
  readonly type: string
}

export interface EntryCaller {
  /** Undefined for a caller without a name. */
  readonly name: string | undefined
  readonly version: string | undefined
  readonly trust: string | undefined
  readonly by: readonly string[]
  readonly issuer: string | undefined
  readonly subject: string | undefined
  readonly onBehalfOf: string | undefined
}

/** The record that a line of an audit holds; `seq` was found in it already. */
export function entryOf(
  record: JsonObject,
  { file, line, seq }: Pick<AuditEntry, "file" | "line" | "seq">,
): AuditEntry {
  const target = refIn(record, "target")
  const note = member(record, "note")
  return {
    file,
    line,
    seq,
    time: textIn(record, "time") ?? "",
    kind: textIn(record, "kind") ?? "",
    id: textIn(record, "id") ?? "",
    method: textIn(record, "method"),
    remote: textIn(record, "remote"),
    caller: callerIn(member(record, "caller")),
    target: target && { ...target, type: typeIn(member(record, "target")) },
    server: refIn(record, "server"),
    decision: textIn(record, "decision") ?? "",
    refusal: textIn(record, "refusal"),
    reason: textIn(record, "reason"),
    warnings: textsIn(record, "warnings"),
    outcome: textIn(record, "outcome"),
    catalog: textIn(record, "catalog"),
    note: isObject(note) ? note : {},
  }
}

function callerIn(value: Json | undefined): EntryCaller | undefined {
  if (!isObject(value)) return
  return {
    name: textIn(value, "name"),
    version: textIn(value, "version"),
    trust: textIn(value, "trust"),
    by: textsIn(value, "by"),
    issuer: textIn(value, "issuer"),
    subject: textIn(value, "subject"),
    onBehalfOf: textIn(value, "onBehalfOf"),
  }
}

function refIn(record: JsonObject, key: string): EntryRef | undefined {
  const value = member(record, key)
  const name = isObject(value) ? textIn(value, "name") : undefined
  if (!isObject(value) || name === undefined) return
  return { name, version: textIn(value, "version") }
}

const typeIn = (target: Json | undefined): string =>
  (isObject(target) ? textIn(target, "type") : undefined) ?? "tool"

function textIn(object: JsonObject, key: string): string | undefined {
  const value = member(object, key)
  return typeof value === "string" ? value : undefined
}

function textsIn(object: JsonObject, key: string): readonly string[] {
  const value = member(object, key)
  return isList(value) ? value.filter((one) => typeof one === "string") : []
}

import type { JsonObject, Ref } from "../../registry/model.ts"
import { isList, isObject, type Json, member } from "../../schema/json.ts"

/** An element of a section of the document, and where it stands. */
export interface Placed {
  readonly entity: JsonObject
  readonly pointer: string
}

/** The objects in a section of a document as it is written. */
export const section = (document: JsonObject, name: string): readonly Placed[] =>
  objects(member(document, name), `/${name}`)

export const objects = (list: Json | undefined, at: string): readonly Placed[] =>
  (isList(list) ? list : []).flatMap((entity, index) =>
    isObject(entity) ? [{ entity, pointer: `${at}/${index}` }] : [],
  )

export const textAt = (entity: JsonObject, key: string): string | undefined => {
  const value = member(entity, key)
  return typeof value === "string" ? value : undefined
}

/** A tool's name, in the definition that its server gives. */
export const nameOf = (definition: JsonObject): string => textAt(definition, "name") ?? ""

export function refOf(entity: JsonObject): Ref {
  const [name = "", version] = [textAt(entity, "name"), textAt(entity, "version")]
  return version === undefined ? { name } : { name, version }
}

/** One server that a registered tool draws on. */
export interface Draw {
  readonly tool: Placed
  readonly server: string | undefined
  readonly serverVersion: string | undefined
  readonly on: string | undefined
  /** Of the object that names the server. */
  readonly pointer: string
  /** The tool has no other server. */
  readonly isOnly: boolean
}

/** Every server that a tool of the document draws on, in canonical spelling. */
export function* draws(document: JsonObject): Generator<Draw> {
  for (const tool of section(document, "tools")) {
    const source = member(tool.entity, "source")
    if (!isObject(source)) continue
    const at = `${tool.pointer}/source`
    const members = objects(member(source, "servers"), `${at}/servers`)
    const on = textAt(source, "tool")
    if (members.length === 0) yield drawOf(tool, { entity: source, pointer: at }, on, true)
    for (const one of members) yield drawOf(tool, one, on, members.length === 1)
  }
}

const drawOf = (
  tool: Placed,
  { entity, pointer }: Placed,
  on: string | undefined,
  isOnly: boolean,
): Draw => ({
  tool,
  server: textAt(entity, "server"),
  serverVersion: textAt(entity, "serverVersion"),
  on: textAt(entity, "tool") ?? on,
  pointer,
  isOnly,
})

import { type JsonObject, type Ref, refOf } from "../../registry/model.ts"
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

/** The name of a tool in the definition that its server gives, or of an entity. */
export const nameOf = (definition: JsonObject): string => textAt(definition, "name") ?? ""

export function refIn(entity: JsonObject): Ref {
  return refOf({ name: nameOf(entity), version: textAt(entity, "version") })
}

/** A registered tool that draws on a server. */
export interface Draw {
  readonly tool: Placed
  /** The server's name for it. */
  readonly on: string | undefined
  /** Of the object that names the server. */
  readonly pointer: string
  /** The tool has no other server. */
  readonly isOnly: boolean
}

/** Every tool of the document that draws on a server; one that names no version may mean any. */
export function* drawsOn(
  { name, version }: { readonly name: string; readonly version: string | undefined },
  document: JsonObject,
): Generator<Draw> {
  for (const tool of section(document, "tools")) {
    const source = member(tool.entity, "source")
    if (!isObject(source)) continue
    const at = `${tool.pointer}/source`
    const several = objects(member(source, "servers"), `${at}/servers`)
    const all = several.length === 0 ? [{ entity: source, pointer: at }] : several
    for (const { entity, pointer } of all) {
      const own = textAt(entity, "serverVersion")
      if (entity["server"] !== name || (own !== undefined && own !== version)) continue
      const on = textAt(entity, "tool") ?? textAt(source, "tool")
      yield { tool, on, pointer, isOnly: all.length === 1 }
    }
  }
}

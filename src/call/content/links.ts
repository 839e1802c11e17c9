import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { BackendReply } from "../backends.ts"

/** Resources that one result may name; those beyond keep the server's own names for them. */
const linksMax = 1_000

type Result = Extract<BackendReply, { kind: "result" }>
type NameOf = (uri: string) => string

/** Whether a result names resources, in links, in embedded resources or in what was read. Hardly any does. */
export function hasLinks({ content, contents, messages, _meta }: JsonObject): boolean {
  if (contents !== undefined || uiOf(_meta) !== undefined) return true
  if (isList(content) && content.some(isLink)) return true
  return isList(messages) && messages.some((message) => isObject(message) && holdsLink(message))
}

const holdsLink = ({ content }: JsonObject): boolean =>
  isList(content) ? content.some(isLink) : isLink(content)

const isLink = (block: Json | undefined): block is JsonObject =>
  isObject(block) && (block["type"] === "resource_link" || block["type"] === "resource")

/** The result with every resource under the caller's name for it. */
export function renamed({ result, plain }: Result, nameOf: NameOf): Result {
  const made = resultOf(result, nameOf)
  return plain === undefined
    ? { kind: "result", result: made }
    : { kind: "result", result: made, plain: resultOf(plain, nameOf) }
}

function resultOf(result: JsonObject, of: NameOf): JsonObject {
  const nameOf = upTo(linksMax, of)
  const { content, contents, messages, _meta } = result
  return {
    ...result,
    ...(isList(contents) && { contents: contents.map((one) => withUri(one, nameOf)) }),
    ...(isList(content) && { content: content.map((block) => blockOf(block, nameOf)) }),
    ...(isList(messages) && { messages: messages.map((one) => messageOf(one, nameOf)) }),
    ...(uiOf(_meta) !== undefined && { _meta: metaOf(_meta, nameOf) }),
  }
}

function upTo(most: number, nameOf: NameOf): NameOf {
  let left = most
  return (uri) => (left-- > 0 ? nameOf(uri) : uri)
}

function messageOf(message: Json, nameOf: NameOf): Json {
  if (!isObject(message)) return message
  const { content } = message
  if (isList(content))
    return { ...message, content: content.map((block) => blockOf(block, nameOf)) }
  return content === undefined ? message : { ...message, content: blockOf(content, nameOf) }
}

function blockOf(block: Json, nameOf: NameOf): Json {
  if (!isLink(block)) return block
  if (block["type"] === "resource_link") return withUri(block, nameOf)
  const { resource } = block
  return resource === undefined ? block : { ...block, resource: withUri(resource, nameOf) }
}

function withUri(value: Json, nameOf: NameOf): Json {
  const uri = isObject(value) ? value["uri"] : undefined
  return isObject(value) && typeof uri === "string" ? { ...value, uri: nameOf(uri) } : value
}

/** Where MCP Apps say which resource shows a tool: `_meta.ui.resourceUri`. */
export function uiOf(meta: Json | undefined): JsonObject | undefined {
  const ui = isObject(meta) ? meta["ui"] : undefined
  return isObject(ui) && typeof ui["resourceUri"] === "string" ? ui : undefined
}

/** `_meta` with the resource of an MCP App under the caller's name for it; for results and for definitions of tools. */
export function metaOf(meta: Json | undefined, nameOf: NameOf): Json {
  const ui = uiOf(meta)
  if (ui === undefined || !isObject(meta)) return meta ?? null
  return { ...meta, ui: { ...ui, resourceUri: nameOf(String(ui["resourceUri"])) } }
}

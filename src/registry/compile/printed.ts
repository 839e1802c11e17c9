import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { AgentEntity, Dependency, RegistryDocument } from "../model.ts"
import { sbomUri } from "../normalise/sbom.ts"

/** The canonical document as plain JSON: what `extra` carries is a member again, and cards hold their SBOM. */
export function printDocument(document: RegistryDocument): JsonObject {
  const { schemas, servers, tools, agents, extra, ...top } = document
  return printed({
    ...extra,
    ...top,
    schemas: schemas.map(spread),
    servers: servers.map(({ implied: _, provides, ...server }) => ({
      ...spread(server),
      provides: provides.map(spread),
    })),
    tools: tools.map(({ source, ...tool }) => ({
      ...spread(tool),
      ...(source === undefined ? {} : { source: spread(source) }),
    })),
    agents: agents.map(printAgent),
  })
}

/** Entities hold nothing but JSON; that their types are not indexed like it is a matter of declarations. */
const printed = (value: object): JsonObject => value as JsonObject

function spread<T extends { readonly extra: JsonObject }>({ extra, ...fields }: T): JsonObject {
  return printed({ ...fields, ...extra })
}

/** The card with the extension that says what the agent depends on, in the place of the one it had. */
function printAgent({ card, depends }: AgentEntity): JsonObject {
  if (depends === undefined) return card
  const capabilities = isObject(card["capabilities"]) ? card["capabilities"] : {}
  const extensions = isList(capabilities["extensions"]) ? capabilities["extensions"] : []
  const at = extensions.findIndex(isSbom)
  const made = sbomWith(at < 0 ? undefined : extensions[at], depends)
  const others = extensions.filter((extension, index) => index !== at && !isSbom(extension))
  const place = at < 0 ? others.length : at
  return {
    ...card,
    capabilities: { ...capabilities, extensions: others.toSpliced(place, 0, made) },
  }
}

const isSbom = (extension: Json) => isObject(extension) && extension["uri"] === sbomUri

function sbomWith(extension: Json | undefined, depends: readonly Dependency[]): JsonObject {
  const known = extension !== undefined && isObject(extension) ? extension : { uri: sbomUri }
  const params = isObject(known["params"]) ? known["params"] : {}
  return { ...known, params: { ...params, depends: depends.map(printed) } }
}

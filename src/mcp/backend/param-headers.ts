import type { BackendRequest } from "../../call/backends.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import { encodeHeaderValue } from "../header-value.ts"
import { argumentAt, type MirroredParam, mirroredParams } from "../mirrored-params.ts"

type ByTool = ReadonlyMap<string, readonly MirroredParam[]>

const none: ByTool = new Map()
const registered = new WeakMap<CatalogServer, ByTool>()

/**
 * The `Mcp-Param-*` headers that the contract of a server's tool wants beside a call's arguments: the registered one, else
 * what the server itself lists, where that is known.
 */
export function paramHeaders(
  server: CatalogServer,
  { method, name, params }: BackendRequest,
  live: readonly JsonObject[] | undefined,
): readonly string[] | undefined {
  if (method !== "tools/call" || name === undefined) return
  const mirrored = mirroredBy(server).get(name) ?? (live && mirroredByLive(live).get(name))
  return mirrored === undefined ? undefined : headersFor(mirrored, params["arguments"])
}

/** What the server itself lists, whatever the registry says. */
export const listedParamHeaders = (
  { name = "", params }: BackendRequest,
  live: readonly JsonObject[],
): readonly string[] => headersFor(mirroredByLive(live).get(name) ?? [], params["arguments"])

/** Alternating names and values; an argument that is absent, null or not a scalar has no header. */
function headersFor(mirrored: readonly MirroredParam[], args: Json | undefined): readonly string[] {
  return mirrored.flatMap(({ path, header }) => {
    const text = scalarText(argumentAt(args, path))
    return text === undefined ? [] : [header, encodeHeaderValue(text)]
  })
}

const listed = new WeakMap<readonly JsonObject[], ByTool>()

function mirroredByLive(live: readonly JsonObject[]): ByTool {
  const known = listed.get(live)
  if (known !== undefined) return known
  const found = live.flatMap(({ name, inputSchema }) => {
    if (typeof name !== "string" || inputSchema === undefined || !isObject(inputSchema)) return []
    const params = mirroredParams(inputSchema)
    return params.length === 0 ? [] : [[name, params] as const]
  })
  const byTool = found.length === 0 ? none : new Map(found)
  listed.set(live, byTool)
  return byTool
}

function mirroredBy(server: CatalogServer): ByTool {
  const known = registered.get(server)
  if (known !== undefined) return known
  const found = server.entity.provides.flatMap(({ tool, inputSchema }) => {
    const params = isObject(inputSchema) ? mirroredParams(inputSchema) : []
    return params.length === 0 ? [] : [[tool, params] as const]
  })
  const byTool = found.length === 0 ? none : new Map(found)
  registered.set(server, byTool)
  return byTool
}

function scalarText(value: Json | undefined): string | undefined {
  if (typeof value === "string") return value
  if (typeof value === "boolean") return String(value)
  if (typeof value !== "number") return
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value)
}

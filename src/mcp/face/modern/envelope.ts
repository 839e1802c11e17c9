import type { Evidence, Peer } from "../../../call/caller.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import { gravity, logLevels } from "../../log-level.ts"
import { metaKeys } from "../../meta-keys.ts"
import { evidenceOf, type RequestHeaders } from "../headers.ts"
import { clientClaim } from "../session-token.ts"

/** What is wrong with a per-request envelope, if anything: the key and what it should hold. */
export function envelopeFault(meta: JsonObject): string | undefined {
  if (typeof meta[metaKeys.version] !== "string") return `${metaKeys.version}: expected a string`
  const capabilities = meta[metaKeys.capabilities]
  if (capabilities === undefined) return `missing ${metaKeys.capabilities}`
  if (!isCapabilities(capabilities)) return `${metaKeys.capabilities}: expected ClientCapabilities`
  const clientInfo = meta[metaKeys.clientInfo]
  if (clientInfo !== undefined && !isImplementation(clientInfo))
    return `${metaKeys.clientInfo}: expected an Implementation with name and version`
  const level = meta[metaKeys.logLevel]
  if (level !== undefined && gravity(level) === -1)
    return `${metaKeys.logLevel}: expected one of ${logLevels.join(", ")}`
  return undefined
}

/** Each capability that the specification defines has to have its shape; unknown ones pass. */
function isCapabilities(value: unknown): boolean {
  if (!isObject(value)) return false
  for (const key in value) {
    const check = capabilityShapes[key]
    if (check !== undefined && !check(value[key])) return false
  }
  return true
}

type Shape = (value: unknown) => boolean
const optional =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined || shape(value)
const optionalObject = optional(isObject)
const optionalBoolean = optional((value) => typeof value === "boolean")
const optionalString = optional((value) => typeof value === "string")
const mapOfObjects: Shape = (value) => isObject(value) && Object.values(value).every(isObject)

const capabilityShapes: Readonly<Record<string, Shape>> = Object.assign(Object.create(null), {
  experimental: mapOfObjects,
  extensions: mapOfObjects,
  sampling: (value) =>
    isObject(value) && optionalObject(value["context"]) && optionalObject(value["tools"]),
  elicitation: (value) =>
    isObject(value) &&
    optionalObject(value["url"]) &&
    (value["form"] === undefined ||
      (isObject(value["form"]) && optionalBoolean(value["form"]["applyDefaults"]))),
  roots: (value) => isObject(value) && optionalBoolean(value["listChanged"]),
} satisfies Record<string, Shape>)

/** `Implementation`: `clientInfo` and `serverInfo` of both eras. */
function isImplementation(value: unknown): boolean {
  if (!isObject(value)) return false
  if (typeof value["name"] !== "string" || typeof value["version"] !== "string") return false
  if (!["title", "websiteUrl", "description"].every((key) => optionalString(value[key])))
    return false
  const icons = value["icons"]
  return icons === undefined || (Array.isArray(icons) && icons.every(isIcon))
}

function isIcon(value: unknown): boolean {
  if (!isObject(value) || typeof value["src"] !== "string") return false
  const { mimeType, sizes, theme } = value
  const areSizes = (list: unknown) =>
    Array.isArray(list) && list.every((size) => typeof size === "string")
  return (
    optionalString(mimeType) &&
    optional(areSizes)(sizes) &&
    (theme === undefined || theme === "light" || theme === "dark")
  )
}

/** Who asks, with what a sound envelope says of the client. */
export function evidenceIn(
  posted: Peer & { readonly headers: RequestHeaders },
  envelope: JsonObject,
): Evidence {
  const info = envelope[metaKeys.clientInfo]
  const client = isObject(info)
    ? clientClaim(String(info["name"]), String(info["version"]))
    : undefined
  return evidenceOf(posted.headers, posted, client, undefined)
}

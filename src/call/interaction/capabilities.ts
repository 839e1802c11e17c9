import { isObject, type Json, type JsonObject, member } from "../../schema/json.ts"

/**
 * What a client says it can be asked, as far as the gateway relays it: `sampling`, `elicitation` and `roots` with the
 * members that the revisions of MCP know. In this one form, so that equal abilities are equal texts.
 */
export type Capabilities = JsonObject

/** Of what a client declares; undefined where it can be asked nothing. Members that are malformed are not there. */
export function relayable(declared: Json | undefined): Capabilities | undefined {
  if (!isObject(declared)) return undefined
  const { sampling, elicitation, roots } = declared
  const able = {
    ...(isObject(sampling) && { sampling: flags(sampling, ["context", "tools"]) }),
    ...(isObject(elicitation) && { elicitation: elicitationOf(elicitation) }),
    ...(isObject(roots) && { roots: roots["listChanged"] === true ? { listChanged: true } : {} }),
  }
  return Object.keys(able).length === 0 ? undefined : able
}

/** `form` says whether the client fills in defaults itself, from 2026-07-28 on. */
function elicitationOf(elicitation: JsonObject): JsonObject {
  const { form } = elicitation
  const hasDefaults = isObject(form) && form["applyDefaults"] === true
  const able = flags(elicitation, ["form", "url"])
  return hasDefaults ? { ...able, form: { applyDefaults: true } } : able
}

const flags = (object: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(names.filter((name) => isObject(object[name])).map((name) => [name, {}]))

/** What a question needs of the client that is asked; undefined for what is no question. */
export function neededFor(method: string, params: JsonObject | undefined): JsonObject | undefined {
  switch (method) {
    case "sampling/createMessage": {
      const hasTools = params !== undefined && member(params, "tools") !== undefined
      return { sampling: hasTools ? { tools: {} } : {} }
    }
    case "elicitation/create":
      return { elicitation: params?.["mode"] === "url" ? { url: {} } : { form: {} } }
    case "roots/list":
      return { roots: {} }
    default:
      return undefined
  }
}

/** Whether a client that can be asked so much can be asked this. `elicitation: {}` means forms, as it did before modes. */
export function covers(have: Capabilities, needed: JsonObject): boolean {
  return Object.entries(needed).every(([kind, details]) => {
    const able = have[kind]
    if (!isObject(able) || !isObject(details)) return false
    const isOld = kind === "elicitation" && able["url"] === undefined
    return Object.keys(details).every(
      (name) => able[name] !== undefined || (name === "form" && isOld),
    )
  })
}

import { isObject, type Json, type JsonObject, member } from "../../schema/json.ts"

/**
 * What a client says it can be asked, as far as the gateway relays it: `sampling`, `elicitation` and `roots` with the
 * members that the revisions of MCP know. In this one form, so that equal abilities are equal texts.
 */
export type Capabilities = JsonObject

/** The extension by which a modern client takes a task instead of a result (SEP-2663). */
export const tasksExtension = "io.modelcontextprotocol/tasks"

/** Of what a modern client declares: what any client can be asked, and whether it takes tasks. */
export function relayable(declared: Json | undefined): Capabilities | undefined {
  const able = askable(declared)
  return takesTasks(declared) ? { ...able, extensions: { [tasksExtension]: {} } } : able
}

export function takesTasks(declared: Json | undefined): boolean {
  const extensions = isObject(declared) ? declared["extensions"] : undefined
  return isObject(extensions) && isObject(extensions[tasksExtension])
}

/** Without the extensions, such as tasks: only what can be asked. Undefined where nothing is left. */
export function withoutTasks(capabilities: Capabilities | undefined): Capabilities | undefined {
  if (capabilities?.["extensions"] === undefined) return capabilities
  const { extensions: _, ...able } = capabilities
  return Object.keys(able).length === 0 ? undefined : able
}

/** From what a client declares; undefined where it can be asked nothing. Malformed members are left out. */
export function askable(declared: Json | undefined): Capabilities | undefined {
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

/** The capability that a question needs of its client; undefined for anything that is not a question. */
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

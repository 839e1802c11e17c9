import type { JsonObject, Ref } from "../../registry/model.ts"
import type { TextEdit } from "../../registry/write/edit-text.ts"
import { isList, isObject, type Json, segment } from "../../schema/json.ts"
import type { Change, ToolGone } from "./change.ts"
import { contractOf } from "./contract.ts"
import type { Merging } from "./merging.ts"
import type { Wanted } from "./names.ts"
import type { ChangedTool, FreshTool, ServerPlan } from "./plan-server.ts"
import { refIn } from "./written-document.ts"

export interface Edited {
  readonly edits: readonly TextEdit[]
  readonly changes: readonly Change[]
}

/** The version of a tool that was never registered before. */
const firstVersion = "1.0.0"

/** How a tool is registered under `name`: what else there is to say of it, its server says in `provides`. */
export const registered = (name: string): Ref => ({ name, version: firstVersion })

/** What a plan does to the document, and all that it would do. */
export function editServer(
  plan: ServerPlan,
  names: ReadonlyMap<Wanted, string>,
  merging: Merging,
): Edited {
  const { server, was, fresh, hidden, isHeld, entry } = plan
  const toolRef = ({ wanted, on }: FreshTool) => registered(names.get(wanted) ?? on)
  const changes: Change[] = [
    ...(entry === undefined
      ? [{ kind: "server_added", server, tools: fresh.length, hidden } as const]
      : was === undefined
        ? []
        : [{ kind: "server_moved", server, from: was } as const]),
    ...(plan.words.length === 0
      ? []
      : [{ kind: "words_changed", server, fields: plan.words, hidden } as const]),
    ...fresh.map((tool) => toolAdded(tool, server, toolRef(tool))),
    ...plan.changed.map((tool) => definitionChanged(tool, plan)),
    ...plan.gone.map((gone) => toolGone(gone, plan, merging)),
  ]
  if (isHeld) return { edits: [], changes }
  const provisions = fresh.map(({ on, definition }) => ({ tool: on, ...contractOf(definition) }))
  const tools = fresh.map((tool) => toolEntity(tool, server, toolRef(tool)))
  return {
    edits: [
      ...(entry === undefined
        ? [append("/servers", serverEntity(plan, provisions))]
        : provisions.map((one) => append(`${entry.pointer}/provides`, one))),
      ...moves(plan, merging),
      ...(merging.isAccepted ? plan.changed.flatMap(accepted) : []),
      ...tools.map((tool) => append("/tools", tool)),
    ],
    changes,
  }
}

/** Hidden text is not accepted along with the rest: `postern lock approve` has a look at it. */
const accepted = ({ edits, hidden }: ChangedTool) => (hidden.length === 0 ? edits : [])

const append = (pointer: string, value: Json): TextEdit => ({ op: "append", pointer, value })

const serverEntity = (
  { server, found }: ServerPlan,
  provides: readonly JsonObject[],
): JsonObject => ({
  ...refJson(server),
  ...(found.description !== undefined && { description: found.description }),
  provides,
})

const toolEntity = ({ on }: FreshTool, server: Ref, ref: Ref): JsonObject => ({
  ...refJson(ref),
  source: {
    server: server.name,
    ...(server.version !== undefined && { serverVersion: server.version }),
    tool: on,
  },
})

const refJson = ({ name, version }: Ref): JsonObject => ({
  name,
  ...(version !== undefined && { version }),
})

const toolAdded = ({ on, hidden }: FreshTool, server: Ref, tool: Ref): Change => ({
  kind: "tool_added",
  server,
  tool,
  on,
  hidden,
})

function definitionChanged(
  { on, fields, fit, kept, hidden, isPinned }: ChangedTool,
  { found, server, was }: ServerPlan,
): Change {
  const driftOf = isPinned && was === undefined ? found.version : undefined
  return { kind: "definition_changed", server, on, isPinned, driftOf, fields, fit, kept, hidden }
}

function toolGone(
  { on, perhaps }: ServerPlan["gone"][number],
  { draws, server }: ServerPlan,
  { prune }: Merging,
): ToolGone {
  const tools = draws.filter((draw) => draw.on === on).map(({ tool }) => refIn(tool.entity))
  return { kind: "tool_gone", server, on, tools, perhaps, isPruned: prune }
}

/** The new version, at the server and wherever tools name it in the old one. */
function moves({ entry, server, was }: ServerPlan, { document }: Merging): TextEdit[] {
  if (entry === undefined || was === undefined || server.version === undefined) return []
  const value = server.version
  const places = [...serverVersions(document["tools"] ?? [], "/tools", server.name, was)]
  return [`${entry.pointer}/version`, ...places].map((pointer) => ({ op: "set", pointer, value }))
}

/** Sources, and calls of a server in a composition. Arguments and schemas are not looked into. */
function* serverVersions(node: Json, at: string, name: string, version: string): Generator<string> {
  if (isList(node)) {
    for (const [index, item] of node.entries())
      yield* serverVersions(item, `${at}/${index}`, name, version)
    return
  }
  if (!isObject(node)) return
  if (node["server"] === name && node["serverVersion"] === version) yield `${at}/serverVersion`
  for (const [key, value] of Object.entries(node))
    if (!data.has(key)) yield* serverVersions(value, at + segment(key), name, version)
}

const data = new Set(["defaults", "constant", "inputSchema", "outputSchema", "metadata"])

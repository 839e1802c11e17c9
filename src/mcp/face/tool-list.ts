import type { CatalogTool } from "../../registry/catalog.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { Era } from "../revisions.ts"
import { legacyOutput } from "./legacy/output-schema.ts"
import { type PagedList, paginate } from "./pages.ts"

/** The key under which a listed tool says what the registry knows of it and MCP has no member for. */
const toolMetaKey = "dev.postern/tool"

/**
 * Serialises each list once. `tools` is the same array for the same scope, so a list lives as long as its scope.
 * `members` are what a result of either era has beside its tools, as JSON text with a leading comma. `mayBeTask`: the gateway
 * itself has tasks for the tool.
 */
export function createToolLists(
  pageMax: number,
  members: Readonly<Record<Era, string>>,
  mayBeTask: (tool: CatalogTool) => boolean = () => false,
): (tools: readonly CatalogTool[], era: Era) => PagedList {
  const lists = {
    legacy: new WeakMap<readonly CatalogTool[], PagedList>(),
    modern: new WeakMap<readonly CatalogTool[], PagedList>(),
  }
  const texts = {
    legacy: new WeakMap<CatalogTool, string>(),
    modern: new WeakMap<CatalogTool, string>(),
  }

  /** Agents share tools: each is printed once for all of them. */
  function textOf(tool: CatalogTool, era: Era): string {
    let text = texts[era].get(tool)
    if (text === undefined) {
      text = JSON.stringify(era === "legacy" ? legacyTool(tool, mayBeTask(tool)) : modernTool(tool))
      texts[era].set(tool, text)
    }
    return text
  }

  return (tools, era) => {
    let list = lists[era].get(tools)
    if (list === undefined) {
      list = paginate(
        tools.map((tool) => textOf(tool, era)),
        pageMax,
        { key: "tools", members: members[era] },
      )
      lists[era].set(tools, list)
    }
    return list
  }
}

function modernTool(tool: CatalogTool): JsonObject {
  const { outputSchema } = tool.shown
  if (tool.definition !== undefined) {
    const { execution: _, ...definition } = tool.definition // of the legacy era (tasks)
    return definition
  }
  if (outputSchema === undefined) return shared(tool)
  const schema =
    typeof outputSchema === "boolean" ? booleanSchemas[`${outputSchema}`] : outputSchema
  return { ...shared(tool), outputSchema: schema }
}
/** A tool's schema is an object on the wire, also where JSON Schema has a shorter word. */
const booleanSchemas = { true: {}, false: { not: {} } } as const

function legacyTool(tool: CatalogTool, mayBeTask: boolean): JsonObject {
  const { execution = mayBeTask ? inTasks : undefined, outputSchema } = tool.shown
  if (tool.definition !== undefined)
    return outputSchema === undefined
      ? tool.definition
      : { ...tool.definition, outputSchema: legacyOutput(outputSchema).schema }
  return {
    ...shared(tool),
    ...(outputSchema === undefined ? {} : { outputSchema: legacyOutput(outputSchema).schema }),
    ...(execution === undefined ? {} : { execution }),
  }
}

/** MCP 2025-11-25, Tasks, Tool-Level Negotiation. */
const inTasks: JsonObject = { taskSupport: "optional" }

function shared({ name, version, shown }: CatalogTool): JsonObject {
  const { title, description, inputSchema, annotations, icons } = shown
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    inputSchema,
    ...(annotations === undefined ? {} : { annotations }),
    ...(icons === undefined ? {} : { icons }),
    ...(version === undefined ? {} : { _meta: { [toolMetaKey]: { version } } }),
  }
}

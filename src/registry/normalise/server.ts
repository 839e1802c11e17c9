import type { JsonObject } from "../../schema/json.ts"
import type { Provision, ServerEntity } from "../model.ts"
import { readAnnotations } from "./annotations.ts"
import { reportConflict } from "./conflict.ts"
import { readExecution } from "./execution.ts"
import {
  elements,
  present,
  read,
  readExtra,
  readFlag,
  readList,
  readObject,
  readText,
  requireText,
  type Written,
} from "./fields.ts"
import { readIcons } from "./icons.ts"
import { readIdentity, readVersion } from "./identity.ts"
import { placed } from "./place.ts"
import { sameJson } from "./same-json.ts"
import { readSchema, referTo, type SchemaRead } from "./schema-position.ts"

const fields: ReadonlySet<string> = new Set(
  "name version description provides metadata deprecated deprecationMessage providedTools capabilities".split(
    " ",
  ),
)

/** An element of `servers`. */
export function readServer(from: Written): ServerEntity | undefined {
  const identity = readIdentity(from, "server")
  const extra = readExtra(from, fields)
  if (identity === undefined) return
  const { name, version } = identity
  const entity: ServerEntity = {
    name,
    ...present({
      version,
      description: readText(from, "description"),
      metadata: readMetadata(from),
    }),
    provides: readProvisions(from),
    ...present({
      deprecated: readFlag(from, "deprecated"),
      deprecationMessage: readText(from, "deprecationMessage"),
    }),
    extra,
  }
  return placed(from.context, entity, from.pointer)
}

/** The dialect's `capabilities` have no effect; they are kept as metadata. */
function readMetadata(from: Written): JsonObject | undefined {
  const metadata = readObject(from, "metadata")
  const capabilities = readObject(from, "capabilities")
  if (capabilities === undefined) return metadata
  from.context.dialect("server.capabilities", `${from.pointer}/capabilities`)
  const kept = metadata?.["capabilities"]
  if (kept !== undefined && !sameJson(kept, capabilities))
    reportConflict(from, "capabilities and metadata.capabilities differ", "keep metadata")
  return { ...metadata, capabilities: kept ?? capabilities }
}

function readProvisions(from: Written): readonly Provision[] {
  const byTool = new Map<string, Provision>()
  for (const element of elements(
    readList(from, "provides") ?? [],
    `${from.pointer}/provides`,
    from.context,
  )) {
    const provision = readProvision(element)
    if (provision !== undefined) add(byTool, provision, element)
  }
  const listed = readList(from, "providedTools")
  if (listed === undefined) return [...byTool.values()]
  from.context.dialect("server.providedTools", `${from.pointer}/providedTools`)
  const variants = new Map<string, Provision>()
  for (const element of elements(listed, `${from.pointer}/providedTools`, from.context)) {
    const provision = readProvidedTool(element)
    if (provision !== undefined) add(variants, provision, element)
  }
  for (const variant of variants.values()) unite(byTool, variant, from)
  return [...byTool.values()]
}

const provisionFields: ReadonlySet<string> = new Set(
  "tool version inputSchema outputSchema title description annotations execution icons".split(" "),
)

function readProvision(from: Written): Provision | undefined {
  const { pointer, context } = from
  const tool = requireText(from, "tool", "add tool, the tool's name on this server")
  const extra = readExtra(from, provisionFields)
  if (tool === undefined) return
  const version = readVersion(from, "version", { kind: "tool", name: tool })
  const input = readSchema(read(from, "inputSchema"), `${pointer}/inputSchema`, context)
  const output = readSchema(read(from, "outputSchema"), `${pointer}/outputSchema`, context)
  const described = {
    title: readText(from, "title"),
    description: readText(from, "description"),
    annotations: readAnnotations(from),
    execution: readExecution(from),
    icons: readIcons(from),
  }
  return provisionOf(from, { tool, version, input, output, described, extra })
}

const providedToolFields: ReadonlySet<string> = new Set(
  "name inputSchemaRef outputSchemaRef".split(" "),
)

function readProvidedTool(from: Written): Provision | undefined {
  const tool = requireText(from, "name")
  const extra = readExtra(from, providedToolFields)
  if (tool === undefined) return
  const input = readSchemaRef(from, "inputSchemaRef")
  const output = readSchemaRef(from, "outputSchemaRef")
  return provisionOf(from, { tool, version: undefined, input, output, extra })
}

function readSchemaRef(from: Written, key: string): SchemaRead | undefined {
  const ref = readText(from, key)
  if (ref === undefined) return
  const pointer = `${from.pointer}/${key}`
  return { schema: referTo(ref, pointer, from.context), pointer }
}

interface ProvisionParts {
  readonly tool: string
  readonly version: string | undefined
  readonly input: SchemaRead | undefined
  readonly output: SchemaRead | undefined
  /** What MCP's `Tool` has besides. */
  readonly described?: {
    readonly title: string | undefined
    readonly description: string | undefined
    readonly annotations: JsonObject | undefined
    readonly execution: JsonObject | undefined
    readonly icons: readonly JsonObject[] | undefined
  }
  readonly extra: JsonObject
}

function provisionOf(
  from: Written,
  { tool, version, input, output, described, extra }: ProvisionParts,
): Provision {
  const schemas = { inputSchema: input?.schema, outputSchema: output?.schema }
  const provision: Provision = { tool, ...present({ version, ...schemas, ...described }), extra }
  return placed(from.context, provision, from.pointer, { inputSchema: input, outputSchema: output })
}

function add(byTool: Map<string, Provision>, provision: Provision, { pointer, context }: Written) {
  const earlier = byTool.get(provision.tool)
  if (earlier === undefined) {
    byTool.set(provision.tool, provision)
    return
  }
  context.report({
    code: "duplicate_provision",
    severity: "error",
    pointer,
    message: `${JSON.stringify(provision.tool)} is provided twice; a server offers one tool under one name`,
    hint: "remove one of the two",
    related: [{ pointer: context.origins.of(earlier), message: "provided here first" }],
  })
}

/** Both spellings in one server: together they say what each tool is. */
function unite(byTool: Map<string, Provision>, variant: Provision, from: Written) {
  const { origins } = from.context
  const known = byTool.get(variant.tool)
  if (known === undefined) {
    byTool.set(variant.tool, variant)
    return
  }
  const united = origins.set({ ...variant, ...known }, origins.of(known))
  for (const key of ["inputSchema", "outputSchema"] as const) {
    if (known[key] === undefined) {
      if (variant[key] !== undefined) origins.setMember(united, key, origins.of(variant, key))
    } else if (variant[key] !== undefined && !sameJson(known[key], variant[key]))
      reportConflict(
        from,
        `provides and providedTools give ${variant.tool} another ${key}`,
        "keep provides",
      )
  }
  byTool.set(variant.tool, united)
}

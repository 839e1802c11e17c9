import { isObject, type Json, type JsonObject, segment } from "../../schema/json.ts"
import type { Composition, ToolEntity, ToolSource } from "../model.ts"
import { readSpec, readTransform, type SpecRead } from "../spec/read-spec.ts"
import { readAnnotations } from "./annotations.ts"
import { reportConflict } from "./conflict.ts"
import { readDependencies } from "./dependencies.ts"
import { readExecution } from "./execution.ts"
import {
  has,
  present,
  read,
  readExtra,
  readFlag,
  readObject,
  readText,
  readTexts,
  type Written,
} from "./fields.ts"
import { readIcons } from "./icons.ts"
import { readIdentity } from "./identity.ts"
import { placed } from "./place.ts"
import { sameJson } from "./same-json.ts"
import { readSchema, type SchemaRead } from "./schema-position.ts"
import { readSource } from "./source.ts"
import { moveSourceFields } from "./source-field.ts"

export interface ToolRead {
  readonly entity: ToolEntity
  /** Of tools with a readable `spec`. */
  readonly composition: Composition | undefined
}

const fields: ReadonlySet<string> = new Set(
  "name version description title source spec depends inputSchema outputSchema outputTransform tags deprecated deprecationMessage annotations execution icons metadata implementation defaults hideFields".split(
    " ",
  ),
)

/** An element of `tools`. */
export function readTool(from: Written): ToolRead | undefined {
  const { pointer, context } = from
  const identity = readIdentity(from, "tool")
  const extra = readExtra(from, fields)
  if (identity === undefined) return
  const { name, version } = identity
  const implementation = readImplementation(from)
  const input = readSchema(read(from, "inputSchema"), `${pointer}/inputSchema`, context)
  const { output, transform } = readOutput(from)
  reportHidden(from, input, implementation.source?.hideFields ?? [])
  const entity: ToolEntity = {
    name,
    ...present({
      version,
      description: readText(from, "description"),
      metadata: readObject(from, "metadata"),
      source: implementation.source,
      spec: implementation.composed?.spec,
      depends: readDependencies(read(from, "depends"), `${pointer}/depends`, context),
      inputSchema: input?.schema,
      outputSchema: output?.schema,
      outputTransform: transform,
      tags: readTexts(from, "tags"),
      ...readDeprecation(from),
      title: readText(from, "title"),
      annotations: readAnnotations(from),
      execution: readExecution(from),
      icons: readIcons(from),
    }),
    extra,
  }
  placed(context, entity, pointer, {
    inputSchema: input,
    outputSchema: output,
    source: implementation.sourceAt,
    spec: implementation.specAt,
  })
  return { entity, composition: implementation.composed?.composition }
}

interface Implementation {
  readonly source: ToolSource | undefined
  readonly composed: SpecRead | undefined
  readonly sourceAt: Spelled | undefined
  readonly specAt: Spelled | undefined
}

/** A member of the tool, or of its `implementation`. */
interface Spelled {
  readonly raw: Json
  readonly pointer: string
}

function readImplementation(from: Written): Implementation {
  const { pointer, context } = from
  const wrapper = readWrapper(from)
  const sourceAt = choose(from, "source", wrapper)
  const specAt = choose(from, "spec", wrapper)
  if (sourceAt !== undefined && specAt !== undefined)
    context.report({
      code: "implementation_conflict",
      severity: "error",
      pointer,
      message: "a tool has a source or a spec, this one has both",
      hint: "remove one of the two, or make two tools of it",
    })
  if (sourceAt === undefined) reportHomeless(from)
  if (sourceAt === undefined && specAt === undefined && !has(from, "implementation"))
    reportNoImplementation(from)
  return {
    source: sourceAt && readSource(sourceAt.raw, sourceAt.pointer, from),
    composed: specAt && readSpec(specAt.raw, specAt.pointer, context),
    sourceAt,
    specAt,
  }
}

const wrapperFields: ReadonlySet<string> = new Set(["source", "spec"])

function readWrapper(from: Written): Written | undefined {
  const raw = readObject(from, "implementation")
  if (raw === undefined) return
  const wrapper = { raw, pointer: `${from.pointer}/implementation`, context: from.context }
  from.context.dialect("tool.implementation", wrapper.pointer)
  readExtra(wrapper, wrapperFields)
  if (
    !has(wrapper, "source") &&
    !has(wrapper, "spec") &&
    !has(from, "source") &&
    !has(from, "spec")
  )
    reportNoImplementation(from)
  return wrapper
}

function reportNoImplementation({ pointer, context }: Written): void {
  context.report({
    code: "implementation_missing",
    severity: "error",
    pointer,
    message: "this tool has neither a source nor a spec",
    hint: "add source (a tool of a server) or spec (a composition)",
  })
}

function choose(
  from: Written,
  key: "source" | "spec",
  wrapper: Written | undefined,
): Spelled | undefined {
  const own = read(from, key)
  const wrapped = wrapper && read(wrapper, key)
  if (own !== undefined && wrapped !== undefined && !sameJson(own, wrapped))
    reportConflict(from, `${key} differs from implementation.${key}`, "remove implementation")
  if (own !== undefined) return { raw: own, pointer: `${from.pointer}/${key}` }
  return wrapped === undefined || wrapper === undefined
    ? undefined
    : { raw: wrapped, pointer: `${wrapper.pointer}/${key}` }
}

/** `defaults`, `hideFields` and `execution` on a tool without a source have nothing to apply to: nobody may believe they do. */
function reportHomeless(from: Written): void {
  for (const key of ["defaults", "hideFields", "execution"].filter((key) => has(from, key)))
    from.context.report({
      code: "invalid_value",
      severity: "error",
      pointer: `${from.pointer}/${key}`,
      message: `${key} has no effect on a tool without a source`,
      hint: `remove ${key}`,
    })
}

interface Output {
  readonly output: SchemaRead | undefined
  readonly transform: JsonObject | undefined
}

function readOutput(from: Written): Output {
  const { pointer, context } = from
  const output = readSchema(read(from, "outputSchema"), `${pointer}/outputSchema`, context)
  const raw = read(from, "outputTransform")
  const transform =
    raw === undefined ? undefined : readTransform(raw, `${pointer}/outputTransform`, context)
  return moveSourceFields(from, output, transform)
}

/** The older spelling of `deprecated` is the message itself. */
function readDeprecation(from: Written): {
  readonly deprecated: boolean | undefined
  readonly deprecationMessage: string | undefined
} {
  const deprecated = read(from, "deprecated")
  const deprecationMessage = readText(from, "deprecationMessage")
  if (typeof deprecated !== "string")
    return { deprecated: readFlag(from, "deprecated"), deprecationMessage }
  from.context.dialect("tool.deprecated-message", `${from.pointer}/deprecated`)
  if (deprecated === "") return { deprecated: undefined, deprecationMessage }
  if (deprecationMessage !== undefined && deprecationMessage !== deprecated)
    reportConflict(from, "deprecated and deprecationMessage differ", "write deprecated: true")
  return { deprecated: true, deprecationMessage: deprecationMessage ?? deprecated }
}

/** A field that is hidden and described contradicts itself; it stays hidden. */
function reportHidden(
  from: Written,
  input: SchemaRead | undefined,
  hideFields: readonly string[],
): void {
  const properties = isObject(input?.schema) ? input.schema["properties"] : undefined
  if (input === undefined || !isObject(properties)) return
  for (const name of new Set(hideFields)) {
    if (!Object.hasOwn(properties, name)) continue
    from.context.report({
      code: "hidden_field_in_schema",
      severity: "warn",
      pointer: `${input.pointer}/properties${segment(name)}`,
      message: `${JSON.stringify(name)} is hidden by hideFields and described in the inputSchema`,
      hint: "remove it from one of the two; it stays hidden",
    })
  }
}

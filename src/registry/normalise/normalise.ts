import type { JsonObject } from "../../schema/json.ts"
import type { Draft } from "../draft.ts"
import type { LoadLimits } from "../limits.ts"
import type {
  AgentEntity,
  Composition,
  RegistryDocument,
  SchemaEntity,
  ServerEntity,
  ToolEntity,
} from "../model.ts"
import { Origins } from "../origins.ts"
import type { Problem, Report } from "../problem.ts"
import { readAgent } from "./agent.ts"
import type { Groups } from "./agent-dependencies.ts"
import type { NormaliseContext } from "./context.ts"
import {
  present,
  readElement,
  readExtra,
  readList,
  readObject,
  readText,
  type Written,
} from "./fields.ts"
import { registeredIn, sections } from "./registered.ts"
import { readSchemaEntity } from "./schema-entity.ts"
import { readServer } from "./server.ts"
import { createTally } from "./tally.ts"
import { readTool } from "./tool.ts"
import { readProfile, readUnknownCallerPolicy } from "./top-level.ts"

export interface Normalised {
  /** Absent when the document's `schemaVersion` is none that can be read. */
  readonly draft: Draft | undefined
  readonly problems: readonly Problem[]
}

/** From the tree as written, in whatever dialect, to the canonical document. Pauses after every entity. */
export function* normalise(
  tree: JsonObject,
  limits: LoadLimits,
): Generator<void, Normalised, void> {
  const problems: Problem[] = []
  const report = boundedReport(problems)
  const profile = readProfile(tree, report)
  if (profile === undefined) return { draft: undefined, problems }
  const tally = createTally()
  const context: NormaliseContext = {
    report,
    dialect: tally.note,
    unknownFieldSeverity: profile === "2" ? "error" : "warn",
    versionIsExpected: profile !== "1",
    dependsMax: limits.dependsMax,
    origins: new Origins(),
    spelledTarget: new Set(),
    ...registeredIn(tree),
  }
  const top: Written = { raw: tree, pointer: "", context }
  const parts = yield* readSections(top)
  const draft: Draft = {
    document: documentOf(top, parts),
    origins: context.origins,
    compositions: parts.compositions,
    declaresServers: Object.hasOwn(tree, "servers"),
    spelledTarget: context.spelledTarget,
    profile,
    groups: parts.groups,
  }
  return { draft, problems: [...problems, ...tally.problems(tree)] }
}

/** A document can hold millions of mistakes; nobody reads on after these, and memory is not for them. */
const problemsMax = 20_000

/** Keeps the first problems, and in any case an error if there is one. */
function boundedReport(problems: Problem[]): Report {
  let hasError = false
  return (problem) => {
    const isFirstError = problem.severity === "error" && !hasError
    if (problems.length >= problemsMax && !isFirstError) return
    hasError ||= isFirstError
    problems.push(problem)
  }
}

interface Parts {
  readonly schemas: SchemaEntity[]
  readonly servers: ServerEntity[]
  readonly tools: ToolEntity[]
  readonly agents: AgentEntity[]
  readonly compositions: Map<ToolEntity, Composition>
  readonly groups: Groups
}

type Section = (typeof sections)[keyof typeof sections]

/** In the order in which they are written, so that dialect forms are met in the order of the document. */
function* readSections(top: Written): Generator<void, Parts, void> {
  const parts: Parts = {
    schemas: [],
    servers: [],
    tools: [],
    agents: [],
    compositions: new Map(),
    groups: new Map(),
  }
  const known = Object.values(sections)
  for (const key of Object.keys(top.raw)) {
    const section = known.find((name) => name === key)
    if (section === undefined) continue
    for (const [index, raw] of (readList(top, section) ?? []).entries()) {
      const element = readElement(raw, `/${section}/${index}`, top.context)
      if (element !== undefined) readEntity(section, element, parts)
      yield
    }
  }
  return parts
}

function readEntity(section: Section, from: Written, parts: Parts): void {
  switch (section) {
    case "schemas":
      keep(parts.schemas, readSchemaEntity(from))
      break
    case "servers":
      keep(parts.servers, readServer(from))
      break
    case "agents":
      keep(parts.agents, readAgent(from, parts.groups))
      break
    case "tools": {
      const read = readTool(from)
      keep(parts.tools, read?.entity)
      if (read?.composition !== undefined) parts.compositions.set(read.entity, read.composition)
    }
  }
}

function keep<T>(list: T[], entity: T | undefined): void {
  if (entity !== undefined) list.push(entity)
}

const fields: ReadonlySet<string> = new Set([
  "schemaVersion",
  "description",
  "metadata",
  "unknownCallerPolicy",
  ...Object.values(sections),
])

function documentOf(top: Written, parts: Parts): RegistryDocument {
  const { schemas, servers, tools, agents } = parts
  const extra = readExtra(top, fields)
  if (tools.length === 0)
    top.context.report({
      code: "registry_empty",
      severity: "warn",
      pointer: "",
      message: "no tool is registered, so there is nothing to call",
      hint: "add tools",
    })
  return {
    schemaVersion: "2.0",
    ...present({
      description: readText(top, "description"),
      metadata: readObject(top, "metadata"),
      unknownCallerPolicy: readUnknownCallerPolicy(top),
    }),
    schemas,
    servers,
    tools,
    agents,
    extra,
  }
}

import type { BackendReply } from "../../src/call/backends.ts"
import { type Answer, type CallRequest, call } from "../../src/call/call.ts"
import { loadPlanned } from "../../src/compose/load.ts"
import { defaultPlanLimits } from "../../src/compose/plan/limits.ts"
import { authoring } from "../../src/registry/draft.ts"
import { defaultLoadLimits } from "../../src/registry/limits.ts"
import { toEnd } from "../../src/registry/load.ts"
import type { Json, JsonObject } from "../../src/schema/json.ts"
import { callOf, done, type GatewaySketch, sketchGateway } from "./gateway.ts"
import { agentOf, documentOf, sourceTool, toolDependency } from "./registries.ts"

export interface ComposedSketch extends GatewaySketch {
  /** Members of source tools, by name; all are on server `s`. */
  readonly tools: Readonly<Record<string, object>>
  /** Specs of compositions, or all members of one, by name. Without `depends` they may call every source tool. */
  readonly compositions: Readonly<Record<string, JsonObject>>
  /** What agent `a` depends on; all compositions otherwise. */
  readonly agent?: readonly string[]
  /** Further members of the document. */
  readonly more?: object
}

/** The way of a call around a registry document that was really loaded, with compositions in it. */
export function composed(sketch: ComposedSketch) {
  const { tools, compositions, agent = Object.keys(compositions), more } = sketch
  const depends = Object.keys(tools).map((name) => toolDependency(name))
  const composites = Object.entries(compositions).map(([name, members]) => ({
    name,
    version: "1.0.0",
    inputSchema: { type: "object" },
    depends,
    ...(members["spec"] === undefined ? { spec: members } : members),
  }))
  const sources = Object.entries(tools).map(([name, members]) => sourceTool(name, members))
  const document = documentOf([...sources, ...composites], {
    agents: [
      {
        ...agentOf(
          "a",
          agent.map((name) => toolDependency(name)),
        ),
        version: "1",
      },
    ],
    ...more,
  })
  const loaded = toEnd(
    loadPlanned(JSON.stringify(document), {
      knobs: authoring,
      limits: defaultLoadLimits,
      plans: defaultPlanLimits,
    }),
  )
  const { catalog, plans, problems } = loaded
  if (catalog === undefined) throw new Error(JSON.stringify(problems, null, 2))
  const made = sketchGateway(catalog, {
    ...sketch,
    runs: { ...sketch.runs, plans },
  })
  const ask = (tool: string, args: JsonObject = {}, more?: Partial<CallRequest>) =>
    call(callOf(tool, args, more), made.gateway)
  return { ...made, catalog, call: ask }
}

export const reading = { annotations: { readOnlyHint: true } }

/** A tool that takes these properties and no others. */
export const takes = (properties: JsonObject, more: object = {}) => ({
  inputSchema: { type: "object", properties, additionalProperties: false, ...more },
})

export const pipeline = (...steps: JsonObject[]): JsonObject => ({ pipeline: { steps } })

/** A step that calls the tool of its own name. */
export const step = (id: string, more: JsonObject = {}): JsonObject => ({
  id,
  operation: { tool: { name: id } },
  ...more,
})

export const fields = (given: JsonObject): JsonObject => ({ construct: { fields: given } })

/** What a backend answers with this value. */
export const value = (structuredContent: Json): BackendReply =>
  done({ content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent })

export const failing = (text: string): BackendReply =>
  done({ content: [{ type: "text", text }], isError: true })

export function resultIn(answer: Answer): JsonObject {
  if (answer.kind !== "result") throw new Error(JSON.stringify(answer))
  return answer.result
}
export const valueIn = (answer: Answer) => resultIn(answer)["structuredContent"]
export const metaIn = (answer: Answer) => Object(resultIn(answer)["_meta"])
export const runIn = (answer: Answer) => metaIn(answer)["dev.postern/run"]

/** The words of an answer that says something went wrong. */
export function textIn(answer: Answer): string {
  const { content, isError } = resultIn(answer)
  if (isError !== true) throw new Error(JSON.stringify(answer))
  return String(Object(content)[0].text)
}

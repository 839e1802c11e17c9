import type { JsonObject, Ref } from "../../registry/model.ts"
import type { TextEdit } from "../../registry/write/edit-text.ts"
import { dependenciesOf } from "./agent.ts"
import type { ServerPlan } from "./plan-server.ts"
import { refIn, section, textAt } from "./written-document.ts"

/**
 * Takes out what servers do not list any more: provisions, the tools that drew on nothing else, and their places in the
 * `depends` of agents. A composition that needs one of them is then unsound, and the document is not written.
 */
export function prune(plans: readonly ServerPlan[], document: JsonObject): TextEdit[] {
  const open = plans.filter(({ isHeld }) => !isHeld)
  const gone = open.flatMap((plan) => plan.gone)
  const drawn = open.flatMap((plan) => {
    const names = new Set(plan.gone.map(({ on }) => on))
    return plan.draws.filter(({ on }) => on !== undefined && names.has(on))
  })
  const removed = drawn.filter(({ isOnly }) => isOnly).map(({ tool }) => refIn(tool.entity))
  const pointers = new Set([
    ...gone.map(({ pointer }) => pointer),
    ...drawn.map(({ isOnly, pointer, tool }) => (isOnly ? tool.pointer : pointer)),
    ...dependenciesOn(removed, document),
  ])
  return [...pointers].map((pointer) => ({ op: "remove", pointer }))
}

const dependenciesOn = (tools: readonly Ref[], document: JsonObject): string[] =>
  section(document, "agents")
    .flatMap((agent) => dependenciesOf(agent, document))
    .filter(({ entity }) => tools.some((tool) => means(entity, tool)))
    .map(({ pointer }) => pointer)

function means(dependency: JsonObject, { name, version }: Ref): boolean {
  const written = textAt(dependency, "version")
  const isIt = dependency["type"] === "tool" && dependency["name"] === name
  return isIt && (written === undefined || written === version)
}

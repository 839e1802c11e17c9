import { isList, isObject, type Json } from "../../schema/json.ts"
import type { DependencyGroup } from "../draft.ts"
import type { Dependency } from "../model.ts"
import { type Groups, readAgentDependencies } from "./agent-dependencies.ts"
import { readDependencies } from "./dependencies.ts"
import { has, type Written } from "./fields.ts"
import { step } from "./pointer.ts"

/** The extension of an agent's card that says what the agent may call. */
export const sbomUri = "urn:agentgateway:sbom"

/** What an agent declares it depends on, wherever it says so; undefined when it says nothing. */
export function readAgentDepends(
  agent: Written,
  groups: Groups,
): readonly Dependency[] | undefined {
  const { pointer, context } = agent
  const declared = readExtensions(agent)
  if (has(agent, "depends")) {
    context.dialect("agent.depends", `${pointer}/depends`)
    declared.push(readDependencies(agent.raw["depends"], `${pointer}/depends`, context))
  }
  if (has(agent, "dependencies")) {
    context.dialect("agent.dependencies", `${pointer}/dependencies`)
    declared.push(readAgentDependencies(agent, groups))
  }
  const [first, ...others] = declared
  if (others.some((other) => contentOf(other, groups) !== contentOf(first, groups)))
    context.report({
      code: "depends_conflict",
      severity: "error",
      pointer,
      message: "what this agent depends on is written in several places that differ",
      hint: `keep the extension ${sbomUri} only`,
    })
  if (declared.length === 0)
    context.report({
      code: "agent_without_sbom",
      severity: "warn",
      pointer,
      message: "this agent declares no dependencies, so it may call nothing",
      hint: `add the extension ${sbomUri} to capabilities.extensions; depends: [] says it on purpose`,
    })
  return declared.length === 0 ? undefined : (first ?? [])
}

/** One entry for each SBOM extension of the card. */
function readExtensions({ raw, pointer, context }: Written): (readonly Dependency[] | undefined)[] {
  const extensions = step(step(raw, "capabilities"), "extensions")
  if (!isList(extensions)) return []
  return extensions.flatMap((extension, index) => {
    if (step(extension, "uri") !== sbomUri) return []
    const at = `${pointer}/capabilities/extensions/${index}`
    const depends = step(step(extension, "params"), "depends")
    if (depends !== undefined) return [readDependencies(depends, `${at}/params/depends`, context)]
    context.report({
      code: "missing_field",
      severity: "error",
      pointer: isObject(step(extension, "params")) ? `${at}/params` : at,
      message: "params.depends is missing",
      hint: "add params.depends, an array; [] means that the agent may call nothing",
    })
    return [[]]
  })
}

/** Equal for lists of dependencies that mean the same, in whatever order. */
function contentOf(depends: readonly Dependency[] | undefined, groups: Groups): string {
  const one = (dependency: Dependency): Json => {
    const { type, name, version, skill } = dependency
    return [type, name, version ?? null, skill ?? null, groupText(groups.get(dependency))]
  }
  return JSON.stringify((depends ?? []).map((item) => JSON.stringify(one(item))).sort())
}

const groupText = (group: DependencyGroup | undefined) =>
  group === undefined ? null : JSON.stringify(group)

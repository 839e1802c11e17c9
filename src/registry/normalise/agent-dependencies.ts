import { isList, isObject } from "../../schema/json.ts"
import type { DependencyGroup } from "../draft.ts"
import type { Dependency } from "../model.ts"
import { bounded } from "./dependencies.ts"
import {
  has,
  present,
  read,
  readExtra,
  readObject,
  readText,
  readTexts,
  requireText,
  type Written,
  wrongType,
} from "./fields.ts"
import { readVersion } from "./identity.ts"
import { placed } from "./place.ts"

export type Groups = Map<Dependency, DependencyGroup>

const elementFields: ReadonlySet<string> = new Set(["tool", "agent", "server"])

/**
 * The dialect's `agent.dependencies`: `{tool}`, `{agent}` or `{server}` each. Those that stand for several
 * dependencies become place holders, whose meaning is put into `groups` and known once references are resolved.
 */
export function readAgentDependencies(agent: Written, groups: Groups): readonly Dependency[] {
  const { context } = agent
  const pointer = `${agent.pointer}/dependencies`
  const list = read(agent, "dependencies")
  if (!isList(list)) {
    wrongType(context, pointer, list ?? null, "an array")
    return []
  }
  return bounded(list, pointer, context).flatMap((element) => {
    const dependency = readElement(element, groups)
    return dependency === undefined ? [] : [placed(context, dependency, element.pointer)]
  })
}

function readElement(from: Written, groups: Groups): Dependency | undefined {
  readExtra(from, elementFields)
  const written = [...elementFields].filter((key) => has(from, key))
  const [kind] = written
  if (written.length !== 1) {
    reportKinds(from, written)
    return
  }
  if (kind === "server") return readServerGroup(from, groups)
  const name = readText(from, kind === "agent" ? "agent" : "tool")
  if (name === undefined) return
  if (kind === "tool") return { type: "tool", name }
  const holder: Dependency = { type: "agent", name }
  groups.set(holder, { of: "agent" })
  return holder
}

function reportKinds({ pointer, context }: Written, written: readonly string[]): void {
  context.report({
    code: written.length === 0 ? "missing_field" : "invalid_value",
    severity: "error",
    pointer,
    message: "a dependency has exactly one of tool, agent and server",
    hint: 'write {"tool": "name"}',
  })
}

const serverFields: ReadonlySet<string> = new Set(["name", "versionConstraint", "tools"])

function readServerGroup(from: Written, groups: Groups): Dependency | undefined {
  const raw = readObject(from, "server")
  if (!isObject(raw)) return
  const server: Written = { raw, pointer: `${from.pointer}/server`, context: from.context }
  readExtra(server, serverFields)
  const name = requireText(server, "name")
  if (name === undefined) return
  const version = readVersion(server, "versionConstraint", { kind: "server", name })
  const holder: Dependency = { type: "tool", name }
  groups.set(holder, {
    of: "server",
    server: name,
    ...present({ version }),
    tools: readTexts(server, "tools") ?? [],
  })
  return holder
}

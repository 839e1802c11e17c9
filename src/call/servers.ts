import { compileCondition } from "../compose/condition.ts"
import type { CatalogTool, ChosenServer, ServerChoice, ServerTool } from "../registry/catalog.ts"
import type { JsonObject } from "../schema/json.ts"

/** All servers that calls of a tool may go to; none for a composition. */
export function sourcesOf(implementation: CatalogTool["implementation"]): readonly ServerTool[] {
  if (implementation.kind !== "source") return []
  return implementation.choice?.among ?? [implementation]
}

/** Of one choice, as long as its catalog lives. */
interface Standing {
  readonly takes: readonly ((input: JsonObject) => boolean | undefined)[]
  /** Calls so far, for those who take turns. */
  turns: number
}

const standings = new WeakMap<ServerChoice, Standing>()

/**
 * The servers that may take a call with these arguments, in the order in which to ask them: those whose `when` holds,
 * in the order of the document, or in turn. Empty where there is none, and where a `when` cannot be decided: the call
 * must not end up where the document did not send it.
 */
export function serversFor(choice: ServerChoice, input: JsonObject): readonly ChosenServer[] {
  const standing = standingOf(choice)
  const taking: ChosenServer[] = []
  for (const [index, server] of choice.among.entries()) {
    const takes = standing.takes[index]?.(input)
    if (takes === undefined) return []
    if (takes) taking.push(server)
  }
  if (choice.select === "first_available" || taking.length < 2) return taking
  const start = standing.turns++ % taking.length
  return [...taking.slice(start), ...taking.slice(0, start)]
}

function standingOf(choice: ServerChoice): Standing {
  const known = standings.get(choice)
  if (known !== undefined) return known
  const made = { takes: choice.among.map(takesOf), turns: 0 }
  standings.set(choice, made)
  return made
}

function takesOf({ when }: ChosenServer): (input: JsonObject) => boolean | undefined {
  if (when === undefined) return () => true
  const condition = compileCondition(when)
  return (input) => {
    const decided = condition(input)
    return decided.ok ? decided.holds : undefined
  }
}

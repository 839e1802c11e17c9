import type { Graph } from "../plan/plan.ts"
import { enter, leave } from "./boundary.ts"
import { effectOf, type Result, withEffect } from "./outcome.ts"
import { Schedule } from "./schedule.ts"
import { computed, held, type Site } from "./work.ts"

/** Runs a graph whose input is the `self` of the site, and computes its value. Nothing is undone here. */
export async function runForward(graph: Graph, site: Site): Promise<Result> {
  const entered = enter(graph, site)
  if (!entered.ok) return entered
  const schedule = new Schedule(graph, entered)
  const ended = await schedule.run()
  site.tally.inner.push(...schedule.summaries())
  if (!ended.ok) return ended
  const effect = effectOf(ended)
  const output = computed(graph.output, entered.site)
  if (!output.ok) return withEffect(output, effect)
  const result = held(output.value ?? null, entered.site, effect)
  return leave(graph, result.ok ? { ...result, raw: ended.raw } : result, entered.site)
}

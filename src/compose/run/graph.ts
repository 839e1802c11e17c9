import type { Graph } from "../plan/plan.ts"
import { runForward } from "./forward.ts"
import type { Result } from "./outcome.ts"
import { isInCompensation } from "./paths.ts"
import { runSaga } from "./saga/run-saga.ts"
import type { Site } from "./work.ts"

/** Runs a graph; a saga that fails undoes what it did. One that undoes something itself is made until it is done. */
export const runGraph = (graph: Graph, site: Site): Promise<Result> =>
  graph.kind === "saga" && !isInCompensation(site.path)
    ? runSaga(graph, site)
    : runForward(graph, site)

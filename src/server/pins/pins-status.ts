import { written } from "../../registry/model.ts"
import type { Pinning } from "./pinning.ts"
import type { Judged } from "./pins.ts"
import { type Standing, type State, states } from "./standing.ts"

/** Tools and places of one tool that are shown; `counts` has them all. */
const toolsMax = 100
const changesMax = 20

/** How many tools stand how. */
export function countStates(judged: readonly Judged[]): Readonly<Record<State, number>> {
  const counts = Object.fromEntries(states.map((state) => [state, 0])) as Record<State, number> // all of them
  for (const { tools } of judged) for (const { state } of tools.values()) counts[state]++
  return counts
}

/** What an operator wants to see of pins: exactly what has changed. */
export function pinsStatus(pinning: Pinning, file: string): object {
  const { judged, lock, unrecorded } = pinning
  const drifting = judged.flatMap(({ server, tools }) =>
    [...tools].flatMap(([tool, standing]) =>
      standing.drift === undefined ? [] : [{ server: written(server), tool, ...shown(standing) }],
    ),
  )
  const unpinned = judged.flatMap(({ server, tools }) =>
    [...tools].flatMap(([tool, { state }]) =>
      state === "unpinned" ? [{ server: written(server), tool }] : [],
    ),
  )
  return {
    lock: {
      file,
      loadedAt: lock.loadedAtMs === undefined ? null : new Date(lock.loadedAtMs).toISOString(),
      problems: lock.problems.slice(0, 20),
    },
    counts: countStates(judged),
    unregistered: judged.reduce((sum, { strangers }) => sum + strangers, 0),
    unrecorded,
    drifting: drifting.slice(0, toolsMax),
    servers: judged.flatMap(({ server, words }) =>
      words === undefined ? [] : [{ server: written(server), ...shown(words) }],
    ),
    unpinned: unpinned.slice(0, toolsMax),
  }
}

function shown({ state, drift, approval }: Standing): object {
  const { changes = [], ...rest } = drift ?? {}
  const more = changes.length - changesMax
  return {
    state,
    ...rest,
    changes: changes.slice(0, changesMax),
    ...(more > 0 && { more }),
    ...(approval && { approval }),
  }
}

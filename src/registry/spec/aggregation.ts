import { as, choice } from "./choice.ts"
import { object, optional, required } from "./fields.ts"
import { path } from "./path.ts"
import { conditionOrPredicate } from "./predicate.ts"
import type { Reader } from "./reading.ts"
import { flag, integer, list, number, oneOf, record } from "./values.ts"

const limit: Reader = (raw, at) =>
  typeof raw === "number" ? integer()(raw, at) : countedLimit(raw, at)
const countedLimit = object("limit", { count: required(integer()) })

export const keep: Reader = oneOf("first", "last", "best", "highest_score", "most_complete")
export const voteBy: Reader = oneOf("highest_weight", "weighted_vote", "quorum", "all")

/** The ops on an array of results, in their order. `binding` is handed in, because bindings hold ops, too. */
export const opsOver = (binding: Reader): Reader =>
  list(
    choice("an op", {
      flatten: as(flag),
      concat: as(flag),
      merge: as(flag),
      filter: as(conditionOrPredicate),
      sort: as(object("sort", { field: required(path), order: optional(oneOf("asc", "desc")) })),
      dedupe: as(
        object("dedupe", {
          field: optional(path),
          keep: optional(keep),
          by: optional(path),
          vectors: optional(binding),
          threshold: optional(number({ max: 1 })),
        }),
      ),
      limit: as(limit),
      select: as(record(path)),
      rrf: as(object("rrf", { field: required(path), k: optional(number()) })),
      vote: as(
        object("vote", {
          by: required(voteBy),
          field: optional(path),
          minWeight: optional(number()),
          conflictThreshold: optional(number()),
        }),
      ),
    }),
  )

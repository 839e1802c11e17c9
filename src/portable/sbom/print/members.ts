import type { Json, JsonObject } from "../../../registry/model.ts"

export type Members = { readonly [key: string]: Json | undefined }

/** The members that are there, in their order. */
export const defined = (members: Members): JsonObject =>
  Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  )

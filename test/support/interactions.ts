import { randomBytes } from "node:crypto"
import { Interactions } from "../../src/call/interaction/interactions.ts"
import { type InteractionLimits, interactionLimits } from "../../src/call/interaction/limits.ts"
import { createSeal } from "../../src/mcp/face/seal.ts"

const key = randomBytes(32)

/** Questions and answers as the gateway carries them; what one of these seals another opens. */
export const testInteractions = (
  limits: Partial<InteractionLimits> = {},
  now: () => number = Date.now,
): Interactions =>
  new Interactions(
    { ...interactionLimits, ...limits },
    {
      sealer: createSeal([{ kid: "test", key }], "request states"),
      now,
      id: () => randomBytes(16).toString("hex"),
    },
  )

import { z } from "zod"
import { type Detector, detectors } from "../../call/results/detectors.ts"
import { limitTable } from "../limits.ts"
import { defaults } from "./defaults.ts"
import { duration, size } from "./scalars.ts"
import { toolMatch } from "./tool-rules-schema.ts"

const listMax = 256
const day = 86_400_000
const detectorNames = Object.keys(detectors) as Detector[] // its own keys, all of them

const redaction = z
  .strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
        error: "expected up to 64 letters, digits and . _ -",
      })
      .describe("Its name in the audit and in metrics."),
    match: toolMatch
      .prefault({})
      .describe("The tools it applies to: those that match all of these."),
    path: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .describe("JSONPath (RFC 9535) into structured content, and into texts that are JSON."),
    detect: z
      .array(z.enum(detectorNames))
      .min(1)
      .optional()
      .describe("What is taken out of every text, by its form."),
    pattern: z
      .string()
      .min(1)
      .max(1_024)
      .optional()
      .describe("The same by a regular expression, in the syntax of RE2."),
    replacement: z
      .string()
      .max(256)
      .default(defaults.redactReplacement)
      .describe("The text that replaces what is taken out."),
  })
  .superRefine(({ path, detect, pattern }, context) => {
    if ([path, detect, pattern].filter((one) => one !== undefined).length !== 1)
      context.addIssue({
        code: "custom",
        path: [],
        message: "expected one of path, detect and pattern",
      })
  })

const cache = z.strictObject({
  match: toolMatch
    .prefault({})
    .describe("The tools it applies to: the read-only ones that match all of these."),
  ttl: duration({ min: 1, max: day }).describe("How long a result is given again."),
  scope: z
    .enum(["caller", "everyone"])
    .default(defaults.cacheScope)
    .describe(
      "Who is given a kept result: the same caller only, or everyone, where results do not depend on the caller.",
    ),
})

const largest = z.strictObject({
  match: toolMatch
    .prefault({})
    .describe("The tools it applies to, compositions included: those that match all of these."),
  bytes: size({ min: 1, max: limitTable.backendAnswerBytes.max }).describe(
    "What a result may have at most, as JSON; a larger one is withheld.",
  ),
})

/** What is done with results before they are passed on. */
export const results = z
  .strictObject({
    hiddenText: z
      .enum(["flag", "strip", "deny", "allow"])
      .default(defaults.hiddenText)
      .describe("Characters that a model reads and a person does not see."),
    size: z
      .array(largest)
      .max(listMax)
      .default([])
      .describe("How large results may be, where that is less than what their servers may answer."),
    redact: z
      .array(redaction)
      .max(listMax)
      .default([])
      .describe("What is taken out of results, whoever calls."),
    cache: z
      .array(cache)
      .max(listMax)
      .default([])
      .describe("Results of read-only tools that are kept for the same call."),
  })
  .prefault({})
export type ResultsFile = z.infer<typeof results>

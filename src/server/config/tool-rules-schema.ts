import { z } from "zod"
import { trustLevels } from "../../call/caller.ts"
import { defaults } from "./defaults.ts"

const listMax = 256
const text = z.string().min(1).max(1_024)
const pattern = z.string().min(1).max(512)
const oneOrMore = z.union([pattern, z.array(pattern).min(1).max(listMax)], {
  error: "expected a name or a list of names; in a name * stands for anything",
})
const hint = z.boolean().optional()

const match = z.strictObject({
  agent: oneOrMore.optional().describe("Agents, as name or name@version."),
  tool: oneOrMore.optional().describe("Tools, as name or name@version."),
  server: oneOrMore.optional().describe("Servers that a tool may go to, as name or name@version."),
  tags: oneOrMore.optional().describe("Tags of a tool, one of which it must have."),
  annotations: z
    .strictObject({
      readOnlyHint: hint.describe("Whether it changes nothing."),
      destructiveHint: hint.describe("Whether it may destroy something."),
      idempotentHint: hint.describe("Whether doing it twice has the same effect as doing it once."),
      openWorldHint: hint.describe("Whether it reaches beyond a closed world."),
    })
    .optional()
    .describe("What a tool says of its effects, with MCP's defaults for what it does not say."),
})

/** The same where it does not matter who calls. */
export const toolMatch = match.omit({ agent: true })

/** CEL; that it can be read is checked when the configuration is settled. */
const condition = z.string().min(1).max(4_096)

const scalar = z.union([z.string(), z.number(), z.boolean()], {
  error: "expected text, a number, true or false",
})

const requirement = z.strictObject({
  trust: z.enum(trustLevels).optional().describe("How well the caller must be identified."),
  scopes: z
    .array(
      z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: "expected a scope: no spaces" }),
    )
    .min(1)
    .max(listMax)
    .optional()
    .describe("Scopes that its token must have, all of them."),
  claims: z
    .record(
      text,
      z.union([scalar, z.array(scalar).min(1).max(listMax)], {
        error: "expected a value or a list of values",
      }),
    )
    .optional()
    .describe(
      "Claims of its token (of identity.jwt.callerClaims), each with the values that will do.",
    ),
  condition: condition.optional().describe("CEL that must be true."),
})

const rule = z
  .strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
        error: "expected up to 64 letters, digits and . _ -",
      })
      .describe("Its name in the audit, in metrics and in explain."),
    match: match.prefault({}).describe("The calls it applies to: those that match all of these."),
    deny: z
      .union([z.literal(true), condition], { error: "expected true, or a condition in CEL" })
      .optional()
      .describe("True: refused. CEL: refused where it is true, or cannot be evaluated."),
    require: requirement.optional().describe("Refused unless all of this holds."),
    reason: text.optional().describe("Why the rule exists: only for the audit and explain."),
    message: text
      .optional()
      .describe("What callers are told whose arguments the rule refuses: what would be right."),
    enforce: z
      .boolean()
      .default(defaults.enforceRule)
      .describe(
        "False: nothing is refused, and the audit and the metrics say what would have been.",
      ),
  })
  .superRefine(({ deny, require }, context) => {
    if ((deny === undefined) === (require === undefined))
      context.addIssue({ code: "custom", path: [], message: "expected either deny or require" })
    if (require !== undefined && Object.keys(require).length === 0)
      context.addIssue({ code: "custom", path: ["require"], message: "requires nothing" })
  })

export const toolRules = z.array(rule).max(listMax).default([])
export type ToolRuleFile = z.infer<typeof rule>

import { z } from "zod"

/** `*`, `name`, `name@version` or `name:version`. */
const selector = z.string().regex(/^(?:\*|[\w./-]+(?:[@:][\w.+-]+)?)$/, {
  error: "expected a name, such as research-agent or research-agent@2.1.0, or * for each one",
})

const howOften = (units: string, example: string) =>
  z.string().regex(new RegExp(`^[1-9]\\d{0,8}/[${units}]$`), {
    error: `expected a number in a time, such as ${example}`,
  })

const rule = z
  .strictObject({
    agent: selector
      .optional()
      .describe(
        "The agent that it applies to; * counts each agent separately, and without it all count together.",
      ),
    tool: selector.optional().describe("The tool, in the same way."),
    server: selector.optional().describe("The server, in the same way; not beside tool."),
    rate: howOften("smh", "50/s, 600/m or 1000/h")
      .optional()
      .describe(
        "Requests per second, minute or hour, spread evenly: 50/s. A rule has a rate or a quota.",
      ),
    burst: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .describe("How many may come at once after a pause; otherwise as many as the rate."),
    quota: howOften("hd", "1000/h or 20000/d")
      .optional()
      .describe("Requests in each hour or day (UTC), at any pace: 1000/d."),
  })
  .superRefine(({ rate, burst, quota, tool, server }, context) => {
    const wrong = (path: string[], message: string) =>
      context.addIssue({ code: "custom", path, message })
    if ((rate === undefined) === (quota === undefined)) wrong([], "expected a rate or a quota")
    if (burst !== undefined && rate === undefined) wrong(["burst"], "belongs to a rate")
    if (tool !== undefined && server !== undefined)
      wrong(["server"], "a rule is for tools or for servers; write two rules")
  })
export type RateRuleFile = z.infer<typeof rule>

/** The section `rateLimits`. */
export const rateLimits = z.array(rule).max(1_000).default([])

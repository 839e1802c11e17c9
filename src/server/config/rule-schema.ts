import { z } from "zod"
import { defaults } from "./defaults.ts"

const pattern = z.string().min(1).max(2_048)
const allowance = z.union([z.enum(["all", "none"]), z.array(pattern).min(1)], {
  error: "expected all, none, or a list of patterns such as docs://*",
})

/** `name`, `name@version` or `*`. */
const callers = z.string().regex(/^(?:\*|[\w./-]+(?:@[\w.+-]+)?)$/, {
  error: "expected an agent, such as research-agent or research-agent@2.1.0, or *",
})

/** Methods of MCP and of the gateway itself cannot be handed to one server. */
const method = z
  .string()
  .regex(/^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.$-]+)+$/, {
    error: "expected a method such as acme/find",
  })
  .refine((name) => !isOfMcp(name), {
    error: "is a method of MCP, which the gateway answers itself",
  })

const mcpFamilies =
  "initialize ping server subscriptions tools prompts resources completion logging notifications sampling elicitation roots tasks"
const families = new Set(mcpFamilies.split(" "))
const isOfMcp = (name: string) => families.has(name.split("/", 1)[0] ?? "")

const extension = z.string().regex(/^[A-Za-z0-9.-]+\/[A-Za-z0-9._-]+$/, {
  error: "expected an extension such as com.example/thing",
})

/** The members of a server's entry that say what of it is carried, and to whom. */
export const ruleShape = {
  resources: allowance
    .default(defaults.resources)
    .describe("Which of its resources callers reach, by URI; in a pattern * stands for anything."),
  prompts: allowance
    .default(defaults.prompts)
    .describe("Which of its prompts callers reach, by the server's own names."),
  expose: z
    .enum(["none", "all"])
    .default(defaults.expose)
    .describe("Whether tools that nobody registered are carried, too: none of them, or all."),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: "expected 1 to 64 letters, digits and _ . -" })
    .optional()
    .describe("Stands before the names of exposed tools, with __ between."),
  to: z
    .array(callers)
    .min(1)
    .optional()
    .describe("Who gets its exposed tools, resources and prompts: agents, or * for all callers."),
  methods: z
    .array(method)
    .default([])
    .describe("Methods beyond MCP that go to this server; no other may have the same."),
  extensions: z
    .array(extension)
    .default([])
    .describe("Extensions of MCP that callers are told of when this server has them."),
} as const

interface RuleFile {
  readonly auth?: object | undefined
  readonly expose: "none" | "all"
  readonly prefix?: string | undefined
  readonly to?: readonly string[] | undefined
}

/** What the members must have of each other. */
export function checkRule(
  { auth, expose, prefix, to }: RuleFile,
  wrong: (path: string[], message: string) => void,
): void {
  if (expose === "all" && to === undefined) wrong(["to"], "expected who gets the exposed tools")
  if (expose === "all" && auth !== undefined && "tokenExchange" in auth)
    wrong(
      ["expose"],
      "a server that is asked in its callers' names lists its tools to each of them",
    )
  if (expose === "all") return
  if (prefix !== undefined) wrong(["prefix"], "belongs to expose: all, and nothing is exposed")
  if (to !== undefined) wrong(["to"], "belongs to expose: all, and nothing is exposed")
}

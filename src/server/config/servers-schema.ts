import { z } from "zod"
import { limitTable } from "../limits.ts"
import { auth } from "./auth-schema.ts"
import { defaults } from "./defaults.ts"
import { checkRule, ruleShape } from "./rule-schema.ts"
import { duration, size, webUrl } from "./scalars.ts"

/** `name:version`, `name@version` or a bare `name`, in the alphabets of the registry. */
export const serverKey =
  /^(?<name>(?:[A-Za-z0-9_.-]+\/)?[A-Za-z0-9_.-]{1,128})(?:[:@](?<version>[0-9A-Za-z][0-9A-Za-z.+_-]{0,127}))?$/

const noNul = (text: unknown) => !String(text).includes("\0")
const written = z
  .union([z.string(), z.number(), z.boolean()], { error: "expected text" })
  .refine(noNul, { error: "holds a NUL character" })
const headerValue = written.refine((text) => /^[\t\x20-\x7e\x80-\xff]*$/.test(String(text)), {
  error: "holds a character that no header can carry",
})
const path = z.string().min(1).refine(noNul, { error: "holds a NUL character" })
const count = (min: number, max: number) => z.int().min(min).max(max)

const breaker = z.strictObject({
  failures: count(1, limitTable.breakerFailures.max)
    .optional()
    .describe("So many failures in a row; otherwise limits.breakerFailures."),
  openFor: duration({ min: 1, max: limitTable.breakerOpen.max })
    .optional()
    .describe("How long until one call tries it; otherwise limits.breakerOpen."),
})

const server = z
  .strictObject({
    url: webUrl.optional().describe("Address of its MCP endpoint (Streamable HTTP)."),
    headers: z
      .record(
        z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, { error: "not a header name" }),
        headerValue,
      )
      .optional()
      .describe(
        "Sent with every request to it, such as Authorization; a secret in a file is read again when it changes.",
      ),
    auth: auth.optional().describe("A token that is sent with every request to it."),
    command: path
      .optional()
      .describe("The program that serves it: spoken to over stdio, or over url where that is set."),
    args: z.array(written).optional().describe("The program's arguments; there is no shell."),
    env: z
      .record(z.string().regex(/^[A-Za-z_]\w*$/, { error: "not a variable name" }), written)
      .optional()
      .describe("The program's environment, besides PATH, HOME and the like."),
    cwd: path
      .optional()
      .describe("The program's working directory; without it, the folder of this file."),
    era: z
      .enum(["auto", "legacy", "modern"])
      .default(defaults.era)
      .describe("The protocol it speaks; auto asks it."),
    isolation: z
      .enum(["shared", "principal", "session"])
      .default(defaults.isolation)
      .describe(
        "How far callers share a session with a legacy server, or its process: all of them, those of one identity, or one session of a client.",
      ),
    timeout: duration({ min: 1, max: limitTable.backendTimeout.max })
      .optional()
      .describe("How long one call may take; otherwise limits.backendTimeout."),
    concurrency: count(1, limitTable.backendConcurrency.max)
      .optional()
      .describe("Calls in flight at once; otherwise limits.backendConcurrency."),
    queue: count(0, limitTable.backendQueue.max)
      .optional()
      .describe("Calls that may wait; otherwise limits.backendQueue."),
    breaker: z
      .union([z.literal("off"), breaker], { error: "expected off, or failures and openFor" })
      .optional()
      .describe("When the server is left alone for a while; off: never."),
    retries: count(0, limitTable.backendRetries.max)
      .optional()
      .describe(
        "How often a call is made again that may be made twice; otherwise limits.backendRetries.",
      ),
    answerBytes: size({ min: 1, max: limitTable.backendAnswerBytes.max })
      .optional()
      .describe("Bytes that one answer may have; otherwise limits.backendAnswerBytes."),
    ...ruleShape,
  })
  .superRefine((entry, context) => {
    const wrong = (path: string[], message: string) =>
      context.addIssue({ code: "custom", path, message })
    if (entry.url === undefined && entry.command === undefined)
      wrong([], "expected a url, or a command to start")
    if (entry.url === undefined && entry.headers !== undefined)
      wrong(["headers"], "headers are sent to a url, and there is none")
    if (entry.auth !== undefined) checkAuth(entry, wrong)
    checkRule(entry, wrong)
    if (entry.command !== undefined) return
    for (const key of ["args", "env", "cwd"] as const)
      if (entry[key] !== undefined) wrong([key], "belongs to a command, and there is none")
  })

function checkAuth(
  {
    auth: proof,
    command,
    headers = {},
    url,
  }: { auth?: object | undefined; command?: unknown; headers?: object | undefined; url?: unknown },
  wrong: (path: string[], message: string) => void,
): void {
  if (url === undefined) wrong(["auth"], "tokens are sent to a url, and there is none")
  if (Object.keys(headers).some((name) => name.toLowerCase() === "authorization"))
    wrong(["auth"], "headers have an Authorization already; keep one of them")
  if (command !== undefined && proof !== undefined && "tokenExchange" in proof)
    wrong(["auth", "tokenExchange"], "a server that the gateway starts is shared by all callers")
}
export type ServerFile = z.infer<typeof server>

export const servers = z
  .record(
    z.string().regex(serverKey, { error: "expected name:version, such as document-service:1.2.0" }),
    server,
  )
  .default({})

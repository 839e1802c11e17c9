import * as z from "zod"
import { serveSessions } from "./backend-sdk.ts"

/**
 * A server of the legacy SDK that says one text wherever a server can say something to a caller: in the result of `leak`,
 * its progress, its log, what it asks, in a resource, a prompt, a completion, and in errors.
 */
export const serveLeaking = (secret: string): Promise<string> =>
  serveSessions((server) => {
    const said = `the key is ${secret}`
    server.server.registerCapabilities({ logging: {} })
    server.registerTool("leak", {}, async ({ _meta, sendNotification }) => {
      const { progressToken } = _meta ?? {}
      if (progressToken !== undefined)
        await sendNotification({
          method: "notifications/progress",
          params: { progress: 1, progressToken, message: said },
        })
      await sendNotification({
        method: "notifications/message",
        params: { level: "error", logger: secret, data: { deep: [said], [secret]: 1 } },
      })
      const { content } = await server.server.elicitInput({
        message: said,
        requestedSchema: {
          type: "object",
          properties: { by: { type: "string", title: secret, description: said } },
        },
      })
      return { content: [{ type: "text", text: `${said}, ${content?.["by"]}` }] }
    })
    server.registerResource("leak", "leak://r", { mimeType: "text/plain" }, ({ href: uri }) => ({
      contents: [{ uri, text: JSON.stringify({ said }) }],
    }))
    server.registerResource("broken", "leak://broken", {}, () => {
      throw new Error(said)
    })
    server.registerPrompt("leak", { argsSchema: { a: z.string().optional() } }, () => ({
      description: said,
      messages: [{ role: "user", content: { type: "text", text: said } }],
    }))
  })

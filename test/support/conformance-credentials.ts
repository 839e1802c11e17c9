import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as z from "zod"

const Metadata = z.object({ resource: z.string(), authorization_servers: z.tuple([z.string()]) })
const Context = z.object({
  client_id: z.string().default("gateway"),
  client_secret: z.string().default("the secret of the gateway"),
  private_key_pem: z.string().optional(),
})

/** The places of RFC 9728 §3.1 for a resource, and the one that the suite names in its challenge only. */
const places = [
  "/.well-known/oauth-protected-resource/mcp",
  "/.well-known/oauth-protected-resource",
  "/custom/metadata/location.json",
]

/**
 * A configuration as an operator would write it who has registered the gateway with the authorization server of a server:
 * that server is called with client credentials. Who the authorization server is says the server's own metadata, which the
 * operator reads once; the gateway takes no server's word for whom its secret may be shown to. Returns its path in `folder`.
 */
export async function configWithCredentials(
  server: string,
  context: string | undefined,
  folder: string,
): Promise<string> {
  const { authorization_servers, resource } = await metadataOf(server)
  const client = Context.parse(JSON.parse(context ?? "{}"))
  const key = client.private_key_pem
  const proof =
    key === undefined
      ? { clientSecret: `file:${written(folder, "secret", client.client_secret)}` }
      : { privateKeyJwt: { key: `file:${written(folder, "key.pem", key)}` } }
  const [issuer] = authorization_servers
  const auth = { clientCredentials: { issuer, clientId: client.client_id, resource, ...proof } }
  const config = {
    listen: { port: 0 },
    admin: { port: 0 },
    registry: {
      source: `file://${join(import.meta.dirname, "../../examples/conformance/registry.json")}`,
      validation: { runtime: { unknownCaller: "allow" } },
    },
    servers: { "tried:1.0.0": { url: server, auth, expose: "all", to: ["*"] } },
    limits: { backendListWait: "10s" },
    identity: { minTrust: "anonymous" },
    audit: { file: join(folder, "audit.jsonl") },
    log: { level: "error" },
  }
  return written(folder, "postern.yaml", JSON.stringify(config))
}

async function metadataOf(server: string): Promise<z.infer<typeof Metadata>> {
  const challenged = await fetch(server, { method: "POST" })
  const named = /resource_metadata="([^"]+)"/.exec(challenged.headers.get("www-authenticate") ?? "")
  const urls = named?.[1] === undefined ? places.map((path) => new URL(path, server)) : [named[1]]
  for (const url of urls) {
    const answer = await fetch(url)
    if (answer.ok) return Metadata.parse(await answer.json())
  }
  throw new Error("the server does not say whose tokens it takes")
}

function written(folder: string, name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

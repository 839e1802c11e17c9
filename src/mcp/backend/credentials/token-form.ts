import type { SubjectToken } from "../../../call/backends.ts"
import type { Reveal } from "../secret-text.ts"
import type { Authorization } from "./authorization.ts"
import { clientAssertion, readSigningKey } from "./client-assertion.ts"
import type { Form } from "./json-request.ts"
import type { Metadata } from "./metadata.ts"
import { accessTokenType } from "./token-answer.ts"

/**
 * A token request: client credentials (RFC 6749 §4.4) or token exchange (RFC 8693 §2.1), with the client's own proof.
 * Secrets in files are read now. Rejects with an Error, which holds none of them, where one cannot be used.
 */
export async function tokenForm(
  authorization: Authorization,
  { tokenEndpoint, secretMethod }: Metadata,
  { subject, reveal }: { readonly subject: SubjectToken | undefined; readonly reveal: Reveal },
): Promise<Form> {
  const { audience, clientId, proof, resource, scopes, server } = authorization
  const members: (readonly [string, string])[] = [
    ...(await grantMembers(authorization, subject, reveal)),
  ]
  if (scopes.length > 0) members.push(["scope", scopes.join(" ")])
  for (const one of audience) members.push(["audience", one])
  for (const one of resource) members.push(["resource", one])
  const headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded" }
  if (proof.kind === "key") {
    const { keyId, algorithm } = proof
    const key = readSigningKey(await reveal(proof.key), algorithm)
    const to = proof.audience ?? server.issuer ?? tokenEndpoint
    const said = { clientId, keyId, audience: to }
    members.push(
      ["client_id", clientId],
      ["client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
      ["client_assertion", clientAssertion(key, said)],
    )
  } else {
    const secret = await reveal(proof.secret)
    if ((proof.method ?? secretMethod) === "client_secret_post")
      members.push(["client_id", clientId], ["client_secret", secret])
    else headers["authorization"] = basic(clientId, secret)
  }
  return { headers, body: encoded(members) }
}

async function grantMembers(
  { actor, kind, subjectTokenType }: Authorization,
  subject: SubjectToken | undefined,
  reveal: Reveal,
): Promise<(readonly [string, string])[]> {
  if (kind === "client_credentials") return [["grant_type", "client_credentials"]]
  if (subject === undefined) throw new Error("there is no token of a caller to exchange")
  const acting =
    actor === undefined
      ? []
      : ([
          ["actor_token", await reveal(actor.token)],
          ["actor_token_type", actor.tokenType],
        ] as const)
  return [
    ["grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"],
    ["subject_token", subject.reveal()],
    ["subject_token_type", subjectTokenType ?? accessTokenType],
    ["requested_token_type", accessTokenType],
    ...acting,
  ]
}

const encoded = (members: readonly (readonly [string, string])[]): string =>
  new URLSearchParams(members.map(([name, value]): [string, string] => [name, value])).toString()

/** RFC 6749 §2.3.1: both are encoded as in a form before they are joined. */
const basic = (clientId: string, secret: string): string =>
  `Basic ${Buffer.from(`${formText(clientId)}:${formText(secret)}`).toString("base64")}`

const formText = (text: string): string => encoded([["", text]]).slice(1)

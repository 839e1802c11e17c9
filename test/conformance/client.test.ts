import { readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { openDriver } from "../support/conformance-driver.ts"
import {
  complaintsOf,
  type Revision,
  requirementsOfClients,
  revisions,
  runClientSuite,
  type SuiteResult,
} from "../support/conformance-suite.ts"

// The gateway as a client of the suite's own servers, carried as they are and driven by the official client. Where a
// server wants tokens, it is called with client credentials of the gateway's own.
const results = new Map<Revision, SuiteResult>()
beforeAll(async () => {
  const wanted = [...passed, ...butFor]
  await using driver = await openDriver((task) =>
    wanted.some(([revision, scenario]) => revision === task.revision && scenario === task.scenario),
  )
  for (const revision of revisions)
    results.set(revision, await runClientSuite(driver.command, revision))
}, 240_000)

const passed: readonly (readonly [Revision, string])[] = [
  ["2025-11-25", "initialize"],
  ["2025-11-25", "tools_call"],
  ["2025-11-25", "sse-retry"],
  ["2025-11-25", "elicitation-sep1034-client-defaults"],
  ["2025-11-25", "json-schema-2020-12-preservation"],
  ["2025-11-25", "auth/client-credentials-jwt"],
  ["2025-11-25", "auth/pre-registration"],
  ["2026-07-28", "tools_call"],
  ["2026-07-28", "request-metadata"],
  ["2026-07-28", "http-standard-headers"],
  ["2026-07-28", "http-custom-headers"],
  ["2026-07-28", "http-invalid-tool-headers"],
  ["2026-07-28", "json-schema-ref-no-deref"],
  ["2026-07-28", "sep-2322-client-request-state"],
  ["2026-07-28", "json-schema-2020-12-preservation"],
  ["2026-07-28", "auth/client-credentials-jwt"],
  ["2026-07-28", "auth/client-credentials-basic"],
  ["2026-07-28", "auth/pre-registration"],
  ["2026-07-28", "auth/metadata-issuer-mismatch"],
]

test.for(passed)("as a client of %s the gateway passes %s", ([revision, scenario], { expect }) => {
  expect(complaintsOf(results.get(revision) ?? new Map(), [scenario])).toEqual([])
})

/** Checks of the authorization request that a browser makes. There is none: the gateway asks for a token, and has it. */
const ofBrowser = ["resource-parameter-in-authorization"]
/** And of a client that makes itself known to an authorization server that it never saw. */
const ofStranger = ["client-registration", "authorization-request", ...ofBrowser]

const butFor: readonly (readonly [Revision, string, readonly string[]])[] = [
  ["2026-07-28", "auth/metadata-default", ofStranger],
  ["2025-11-25", "auth/metadata-var1", ofStranger],
  ["2026-07-28", "auth/metadata-var2", ofStranger],
  ["2025-11-25", "auth/metadata-var3", ofStranger],
  ["2025-11-25", "auth/token-endpoint-auth-basic", ofBrowser],
  ["2026-07-28", "auth/token-endpoint-auth-post", ofBrowser],
]

test.for(butFor)(
  "as a client of %s the gateway passes %s, but for what only a browser does",
  ([revision, scenario, excused], { expect }) => {
    const checks = results.get(revision)?.get(scenario)?.checks ?? []
    const notPassed = checks.filter(({ status }) => status === "FAILURE" || status === "WARNING")
    expect(notPassed.map(({ id }) => id)).toEqual(excused)
    const has = new Set(checks.map(({ id, status }) => `${id} ${status}`))
    for (const id of ["authorization-server-metadata", "token-request", "valid-bearer-token"])
      expect(has).toContain(`${id} SUCCESS`)
    expect(has).toContain("resource-parameter-matches-prm SUCCESS")
  },
)

/** What the gateway does not do as a client, and why. */
const notDone: Readonly<Record<string, string>> = {
  "auth/basic-cimd": "a client that names itself by a document signs people in",
  "auth/scope-from-www-authenticate": "of the authorization request of a browser",
  "auth/scope-from-scopes-supported": "of the authorization request of a browser",
  "auth/scope-omitted-when-undefined": "of the authorization request of a browser",
  "auth/scope-step-up": "of the authorization request of a browser; scopes are configured",
  "auth/scope-retry-limit": "counts authorization requests of a browser",
  "auth/token-endpoint-auth-none": "a client without a secret has no client credentials",
  "auth/resource-mismatch": "no metadata of a server are read: its issuer is configured",
  "auth/offline-access-scope": "no refresh tokens: there is nobody who could be offline",
  "auth/offline-access-not-supported": "no refresh tokens: there is nobody who could be offline",
  "auth/authorization-server-migration": "registers itself; here the issuer is configured",
  "auth/iss-supported": "of the answer that a browser brings back",
  "auth/iss-not-advertised": "of the answer that a browser brings back",
  "auth/iss-supported-missing": "of the answer that a browser brings back",
  "auth/iss-wrong-issuer": "of the answer that a browser brings back",
  "auth/iss-unexpected": "of the answer that a browser brings back",
  "auth/iss-normalized": "of the answer that a browser brings back",
  "auth/enterprise-managed-authorization": "an extension: ID-JAG",
  "auth/dpop": "an extension: DPoP",
  "auth/dpop-nonce": "an extension: DPoP",
  "auth/wif-jwt-bearer": "an extension: the grant jwt-bearer",
}

const page = readFileSync(join(import.meta.dirname, "../../docs/reference/mcp-features.md"), "utf8")

test.for(revisions)("nothing that %s asks of clients is left out in silence", (revision) => {
  const { required, unscored } = requirementsOfClients(revision)
  const tried = [...passed, ...butFor].map(([, scenario]) => scenario)
  const all = [...required, ...unscored]
  expect(all.filter((one) => !tried.includes(one) && notDone[one] === undefined)).toEqual([])
  expect(tried.filter((one) => notDone[one] !== undefined)).toEqual([])
  expect(all.filter((one) => !page.includes(`\`${one}\``))).toEqual([])
})

import { inspect } from "node:util"
import { describe, expect, test } from "vitest"
import { soundsSecret } from "../../src/registry/secret-names.ts"
import { Secret } from "../../src/server/secret.ts"

describe("a secret", () => {
  test("shows itself only to who asks for it by name", () => {
    const secret = new Secret("hunter2")
    const shown = [`${secret}`, JSON.stringify({ secret }), inspect({ secret }), String(secret)]
    expect(shown.join()).not.toContain("hunter2")
    expect(Object.keys(secret)).toEqual([])
    expect(structuredClone({ ...secret })).toEqual({})
    expect(secret.reveal()).toBe("hunter2")
  })

  test.each([
    "token",
    "TOKEN",
    "Authorization",
    "X-Api-Key",
    "apiKey",
    "api_key",
    "GITHUB_TOKEN",
    "password",
    "db_passwd",
    "clientSecret",
    "CLIENT_SECRET",
    "bearer",
    "accessToken",
    "my.auth-token",
  ])("is what %s sounds like", (key) => expect(soundsSecret(key)).toBe(true))

  test.each(["MAX_TOKENS", "tokenizer", "key", "secretary", "LOG", "", "keyFile", "passwordless"])(
    "is not what %s sounds like",
    (key) => expect(soundsSecret(key)).toBe(false),
  )
})

import { expect, test } from "vitest"
import { namedArguments, secretsIn } from "../../../src/mcp/backend/echo.ts"

test.each<[string, string[], string[]]>([
  ["behind a flag", ["--api-key", "0123456789-abcdef"], ["0123456789-abcdef"]],
  ["behind a name", ["-e", "GH_TOKEN=0123456789-abcdef"], ["0123456789-abcdef"]],
  [
    "in an address, with its password",
    ["postgres://me:0123456789-abcdef@db/x"],
    [
      "postgres://me:0123456789-abcdef@db/x",
      "postgres:\\/\\/me:0123456789-abcdef@db\\/x",
      "0123456789-abcdef",
    ],
  ],
  ["no author", ["--author", "Kim Example Person", "token", "of-some-other-thing"], []],
  ["no folder, no address", ["/srv/private/documents", "https://me@docs.example/auth"], []],
])("what a process must not say again of its arguments: %s", (_, args, secrets) => {
  expect(secretsIn(namedArguments(args))).toEqual(secrets)
})

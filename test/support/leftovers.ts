import { afterAll } from "vitest"
import { alive } from "./e2e-process.ts"

/** A test that failed may leave a process behind, which would outlive this one. Set up for each file of tests. */
afterAll(() => {
  for (const child of alive) child.kill("SIGKILL")
})

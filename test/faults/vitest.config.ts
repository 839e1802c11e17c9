import { defineConfig } from "vitest/config"
import { Table } from "./support/table.ts"

/** `npm run faults`: one after the other, since they measure how a fault of one server is felt at another. */
export default defineConfig({
  test: {
    include: ["test/faults/*.fault.ts"],
    fileParallelism: false,
    expect: { requireAssertions: true },
    testTimeout: 120_000,
    hookTimeout: 60_000,
    disableConsoleIntercept: true,
    reporters: ["dot", new Table()],
  },
})

// One replica that keeps its runs with DBOS Transact: node dbos-child.ts URL NAME begin|look
import { DBOS } from "@dbos-inc/dbos-sdk"

const [url = "", name = "", task = ""] = process.argv.slice(2)

/** A run of one step, which the replica does not survive. */
const order = DBOS.registerWorkflow(
  (isFatal: boolean) =>
    DBOS.runStep(async () => {
      if (!isFatal) return "shipped"
      process.stdout.write("in the step\n")
      return new Promise<string>(() => undefined)
    }),
  { name: "order" },
)

DBOS.setConfig({
  name: "postern",
  systemDatabaseUrl: url,
  executorID: name,
  applicationVersion: "1",
  logLevel: "error",
})
await DBOS.launch()
if (task === "begin") await DBOS.startWorkflow(order, { workflowID: "order-1" })(true)
else {
  for (const id of ["order-2", "order-3", "order-4"]) {
    const handle = await DBOS.startWorkflow(order, { workflowID: id })(false)
    await handle.getResult()
  }
  const status = await DBOS.getWorkflowStatus("order-1")
  process.stdout.write(`${JSON.stringify({ status: status?.status, by: status?.executorId })}\n`)
  await DBOS.shutdown()
}

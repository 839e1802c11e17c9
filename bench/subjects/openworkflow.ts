// The same saga as a workflow of openworkflow on SQLite: three steps whose results it keeps. Its worker polls for what there is to do.
import { OpenWorkflow } from "openworkflow"
import { BackendSqlite } from "openworkflow/sqlite"

export interface OpenWorkflowSagas {
  saga(): Promise<unknown>
  close(): Promise<void>
}

export async function openWorkflowSagas(
  file: string,
  { atOnce, steps }: { readonly atOnce: number; readonly steps: number },
): Promise<OpenWorkflowSagas> {
  const backend = BackendSqlite.connect(file)
  const engine = new OpenWorkflow({ backend })
  const order = engine.defineWorkflow({ name: "place_order" }, async ({ step }) => {
    for (let n = 0; n < steps; n++)
      await step.run({ name: `step${n}` }, () => Promise.resolve({ n }))
    return { done: true }
  })
  const worker = engine.newWorker({ concurrency: atOnce })
  await worker.start()
  return {
    saga: async () => (await order.run({})).result(),
    async close() {
      await worker.stop()
      await backend.stop()
    },
  }
}

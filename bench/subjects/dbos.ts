// The same saga as a workflow of DBOS Transact: three steps whose results it keeps.
import { DBOS } from "@dbos-inc/dbos-sdk"

export interface DbosSagas {
  saga(n: number): Promise<unknown>
  close(): Promise<void>
}

export async function dbosSagas(url: string, steps: number): Promise<DbosSagas> {
  const order = DBOS.registerWorkflow(
    async (id: string) => {
      for (let step = 0; step < steps; step++)
        await DBOS.runStep(() => Promise.resolve({ id }), { name: `step${step}` })
    },
    { name: "place_order" },
  )
  DBOS.setConfig({ name: "bench", systemDatabaseUrl: url, logLevel: "error" })
  await DBOS.launch()
  return {
    async saga(n) {
      const handle = await DBOS.startWorkflow(order, { workflowID: `r${n}` })(`r${n}`)
      return handle.getResult()
    },
    close: () => DBOS.shutdown(),
  }
}

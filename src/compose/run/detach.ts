import { runStep } from "./step.ts"
import { stopped, type Work } from "./work.ts"

/** Hands a step over to those that nobody waits for. It is not stopped with its run, and may outlive it. */
export function detach(work: Work): void {
  const { run, authority, path } = work
  const { log } = run.parts
  void run.parts.state.background.add({
    id: `${authority.tool.name}/${path}`,
    run: async (stop, deadlineMs) => {
      if (log !== undefined && !(await log.hasBegun())) return stopped(work, unbegun)
      const own = run.apart(stop)
      const result = await runStep({ ...work, run: own, stop, deadlineMs })
      own.end()
      return result
    },
  })
}

const unbegun = { class: "cancelled", message: "not called: the run was not begun" } as const

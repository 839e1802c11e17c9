import { runStep } from "./step.ts"
import type { Work } from "./work.ts"

/** Hands a step over to those that nobody waits for. It is not stopped with its run, and may outlive it. */
export function detach(work: Work): void {
  const { run, authority, path } = work
  void run.parts.state.background.add({
    id: `${authority.tool.name}/${path}`,
    run: async (stop, deadlineMs) => {
      const own = run.apart(stop)
      const result = await runStep({ ...work, run: own, stop, deadlineMs })
      own.end()
      return result
    },
  })
}

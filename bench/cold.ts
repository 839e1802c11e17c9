// Row 5: from the start of the process to its first answer, built code, every backend down.
import { gateway } from "./world.ts"

export async function measureStart(runs: number): Promise<number[]> {
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    await using postern = await gateway({ backendPort: 9 }) // the discard port: nothing listens there
    times.push(postern.readyMs)
  }
  return times.sort((a, b) => a - b)
}

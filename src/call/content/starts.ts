/** Texts that can be asked for how they begin. */
export interface Starts {
  some(start: string): boolean
}

export function createStarts(texts: readonly string[]): Starts {
  const sorted = [...texts].sort()
  return {
    some(start) {
      let low = 0
      let high = sorted.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((sorted[middle] ?? "") < start) low = middle + 1
        else high = middle
      }
      return sorted[low]?.startsWith(start) === true
    },
  }
}

/** Whether a path is that of a compensation, or of something inside of one: what has to be made until it is done. */
export const isInCompensation = (path: string): boolean => path.startsWith("~")

/** What the step, or the item, at this path is directly inside of; undefined where that is the whole. */
export function around(path: string): string | undefined {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("["))
  return end === -1 ? undefined : path.slice(0, end)
}

/** Whether it is inside of one of these, however deep. */
export function isInsideOf(paths: ReadonlySet<string>, path: string): boolean {
  for (let outer = around(path); outer !== undefined; outer = around(outer))
    if (paths.has(outer)) return true
  return false
}

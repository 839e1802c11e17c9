/** A map that keeps what was used lately. */
export interface Recent<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  clear(): void
}

/**
 * At most `max` entries, at least the half that was used last. Two generations instead of a list in the order of use: a
 * hit costs one look-up, and forgetting costs nothing.
 */
export function createRecent<V>(max: number): Recent<V> {
  const half = Math.ceil(max / 2)
  let young = new Map<string, V>()
  let old = new Map<string, V>()
  const set = (key: string, value: V): void => {
    if (young.size >= half) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }
  return {
    get(key) {
      const value = young.get(key)
      if (value !== undefined) return value
      const aged = old.get(key)
      if (aged !== undefined) set(key, aged)
      return aged
    },
    set,
    clear() {
      young = new Map()
      old = new Map()
    },
  }
}

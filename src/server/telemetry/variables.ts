/** What the variables of OpenTelemetry say (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables). */
export interface Variables {
  text(name: string): string | undefined
  /** A duration in milliseconds or a count; anything else is reported and not used. */
  number(name: string): number | undefined
  /** `key=value,key=value`, percent-encoded as in W3C Baggage. */
  pairs(name: string): ReadonlyMap<string, string>
}

/** `wrong` is told what is not used, without its value, because headers are secrets. */
export function readVariables(
  env: Readonly<Record<string, string | undefined>>,
  wrong: (words: string) => void,
): Variables {
  const text = (name: string) => {
    const value = env[name]?.trim()
    return value === undefined || value === "" ? undefined : value // empty is unset, says the specification
  }
  return {
    text,
    number(name) {
      const value = text(name)
      if (value === undefined) return
      if (/^\d{1,9}$/.test(value)) return Number(value)
      wrong(`${name} is not used: expected a whole number`)
      return
    },
    pairs(name) {
      const pairs = new Map<string, string>()
      for (const pair of text(name)?.split(",") ?? []) {
        const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/s.exec(pair) ?? []
        const read = value === undefined ? undefined : decoded(value)
        if (key === undefined || read === undefined)
          wrong(`a part of ${name} is not used: expected key=value, with others between commas`)
        else pairs.set(key, read)
      }
      return pairs
    },
  }
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return
  }
}

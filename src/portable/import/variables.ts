import { isSecret } from "./secrets.ts"

/** An environment variable that a configuration refers to in place of a value. */
export interface Variable {
  readonly name: string
  /** What it is, for the person who has to set it: `env GITHUB_TOKEN of github`. */
  readonly use: string
  /** What stood in the file of the client, and must not be written anywhere; undefined where nothing did. */
  readonly value: string | undefined
  /** The reference says itself what holds when it is not set. */
  readonly hasDefault: boolean
}

/** The variables of one import. Equal names stand for equal values; another value gets another name. */
export class Variables {
  readonly #all = new Map<string, Variable>()

  get all(): readonly Variable[] {
    return [...this.#all.values()]
  }

  /** A reference to a variable that the file itself refers to; a default that is a secret does not stay. */
  refer(name: string, use: string, defaultTo?: string): string {
    const hasDefault = defaultTo !== undefined && !isSecret(name, defaultTo)
    if (!this.#all.has(name)) this.#all.set(name, { name, use, value: undefined, hasDefault })
    return hasDefault ? `\${${name}:-${defaultTo}}` : `\${${name}}`
  }

  /** A reference in place of `value`, under the first of the names that is free for it. */
  replace(value: string, use: string, wishes: readonly string[]): string {
    const name = this.#free(wishes.map(variableName), value)
    if (!this.#all.has(name)) this.#all.set(name, { name, use, value, hasDefault: false })
    return `\${${name}}`
  }

  #free(wishes: readonly string[], value: string): string {
    const isFree = (name: string) => {
      const taken = this.#all.get(name)
      return taken === undefined || taken.value === value
    }
    const wished = wishes.find(isFree)
    if (wished !== undefined) return wished
    const last = wishes.at(-1) ?? "SECRET"
    for (let count = 2; ; count++) if (isFree(`${last}_${count}`)) return `${last}_${count}`
  }
}

/** A name as shells take it: `my server` becomes `MY_SERVER`; what is one already stays as it is. */
export function variableName(text: string): string {
  if (/^[A-Za-z_]\w*$/.test(text)) return text
  const name = text
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
  return /^[A-Z]/.test(name) ? name : `V_${name}`.replace(/_$/, "")
}

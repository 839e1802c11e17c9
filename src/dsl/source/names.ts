/** Names that the program's imports have, and words that can be no names. */
const taken = new Set(
  "await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof undefined var void while with yield arguments eval agent agentNamed anyOf approve asWritten at cache capabilityRouter cel choose circuitBreaker claimCheck coalesce concat confidenceAggregator constant deadLetter eachOf enricher error filter idempotent input item mapEach merge ops pinned pipeline recipientList registry retry router saga scatterGather schema schemaMap self semanticDedup server serverNamed step template throttle timeout tool toolNamed unversioned value wireTap".split(
    " ",
  ),
)

/** Gives out names for variables, each once. */
export class Names {
  readonly #used = new Set<string>()
  readonly #outer: Names | undefined

  constructor(outer?: Names) {
    this.#outer = outer
  }

  /** A name like the words, and no other's. `again` tells two of the same words apart. */
  next(words: string, { isType = false, again = "" } = {}): string {
    const like = identifier(words, isType)
    const candidates = [like, ...(again === "" ? [] : [identifier(`${words} v${again}`, isType)])]
    const free = candidates.find((name) => this.#isFree(name)) ?? this.#numbered(like)
    this.#used.add(free)
    return free
  }

  /** For a place that sees all names given out so far, and whose own nobody else sees. */
  inner(): Names {
    return new Names(this)
  }

  #isFree(name: string): boolean {
    return (
      !this.#used.has(name) &&
      (this.#outer === undefined ? !taken.has(name) : this.#outer.#isFree(name))
    )
  }

  #numbered(name: string): string {
    for (let number = 2; ; number++) if (this.#isFree(name + number)) return name + number
  }
}

/** `search_documents` is searchDocuments; of a type, SearchDocuments. */
function identifier(words: string, isType: boolean): string {
  const parts = words.split(/[^A-Za-z0-9$]+/).filter((part) => part !== "")
  const joined = parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("")
  const name = isType ? joined : joined.charAt(0).toLowerCase() + joined.slice(1)
  return /^[A-Za-z$]/.test(name) ? name : `_${name}`
}

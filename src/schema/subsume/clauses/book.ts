import { type Dialect, dialectOf } from "../../dialect.ts"
import { createGraph } from "../../guard/graph.ts"
import { resolveReferences } from "../../guard/resolve.ts"
import type { Json, JsonSchema } from "../../json.ts"
import { createSourceNode, type Node } from "./node.ts"
import { readClauses } from "./read.ts"

/** One schema document: its places as nodes. */
export interface Book {
  readonly dialect: Dialect
  readonly root: Node
  nodeAt(at: string, schema: Json): Node
  /** What the `$ref` of the schema at `at` leads to, if it leads somewhere. */
  target(at: string): Node | undefined
}

const books = new WeakMap<object, Book>()

/** Reads `schema`, which has passed the guard and must not be changed afterwards: the reading is kept with the object. */
export function openBook(schema: JsonSchema): Book {
  const known = typeof schema === "object" ? books.get(schema) : undefined
  if (known !== undefined) return known
  const book = createBook(schema, dialectOf(schema) ?? "2020-12")
  if (typeof schema === "object") books.set(schema, book)
  return book
}

function createBook(root: Json, dialect: Dialect): Book {
  const nodes = new Map<string, Node>()
  let targets: ReadonlyMap<string, Target> | undefined
  const book: Book = {
    dialect,
    get root() {
      return book.nodeAt("", root)
    },
    nodeAt(at, schema) {
      const known = nodes.get(at)
      if (known !== undefined) return known
      const node = createSourceNode(at, { schema, dialect }, () => readClauses(book, at, schema))
      nodes.set(at, node)
      return node
    },
    target(at) {
      targets ??= resolveTargets(root, dialect)
      const target = targets.get(at)
      return target === undefined ? undefined : book.nodeAt(target.at, target.schema)
    },
  }
  return book
}

interface Target {
  readonly at: string
  readonly schema: Json
}

/** By the place of the schema that refers: the guard's own reading, so that both follow a reference to the same end. */
function resolveTargets(root: Json, dialect: Dialect): ReadonlyMap<string, Target> {
  const graph = createGraph(root, dialect)
  resolveReferences(graph)
  const targets = new Map<string, Target>()
  for (const node of graph.nodes) {
    const target = graph.nodes[node.target ?? -1]
    if (target !== undefined) targets.set(node.at, target)
  }
  return targets
}

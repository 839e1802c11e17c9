import { isList, isObject, keysOf, segment } from "../schema/json.ts"

/**
 * Where each part of the canonical document was written: the normaliser notes it, the checks ask for it, and so every
 * problem points into the document as its author sees it.
 */
export class Origins {
  // Not weak: the origins are dropped as a whole when the document is loaded, and weak maps of this size burden the
  // garbage collector while it is.
  readonly #nodes = new Map<object, string>()
  readonly #members = new Map<object, Map<string | number, string>>()

  /** `node` of the canonical document came from `pointer`. Returns the node. */
  set<T extends object>(node: T, pointer: string): T {
    this.#nodes.set(node, pointer)
    return node
  }

  /** Member `key` of `node` came from `pointer`, which is not simply the node's pointer and that key. */
  setMember(node: object, key: string | number, pointer: string): void {
    const members = this.#members.get(node) ?? new Map<string | number, string>()
    this.#members.set(node, members.set(key, pointer))
  }

  /** The pointer that was noted for member `key` of `node` itself, if one was. */
  noted(node: object, key: string | number): string | undefined {
    return this.#members.get(node)?.get(key)
  }

  /** The pointer of `node`, or of its member `key`; "" when the node was never noted. */
  of(node: object, key?: string | number): string {
    const own = this.#nodes.get(node) ?? ""
    if (key === undefined) return own
    return this.#members.get(node)?.get(key) ?? own + segment(key)
  }

  /** The pointer of what `pointer` leads to from `root`; of what is not there, that of the nearest around it. */
  follow(root: object, pointer: string): string {
    let node: unknown = root
    let at = this.of(root)
    for (const key of keysOf(pointer)) {
      const member = isList(node) ? Number(key) : key
      if (!(isList(node) || isObject(node)) || !Object.hasOwn(node, member)) break
      at = this.noted(node, member) ?? at + segment(member)
      node = Reflect.get(node, member)
      if (isList(node) || isObject(node)) at = this.#nodes.get(node) ?? at
    }
    return at
  }
}

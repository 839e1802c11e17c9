/**
 * How a `$ref` names a registered schema in canonical spelling: `#Name:Version`, `#Name` without a version, and with a
 * JSON Pointer behind it `#Name:Version/properties/x`, or `#Name:/properties/x` without a version, because names of
 * schemas may hold one slash (`ns/Name`) and the colon is what ends them.
 */
export interface RegistryRef {
  readonly name: string
  readonly version: string | undefined
  /** "" or a JSON Pointer into that schema, as it was written in the URI fragment. */
  readonly tail: string
}

const canonical = /^#([^:/#]+(?:\/[^:/#]+)?)(?::([^/]*)(\/.*)?)?$/s

/**
 * The schema that the text names, whether it is registered or not; an empty version (`#Name:`) is the empty string.
 * Undefined for `#`, for local pointers (`#/…`) and for everything else. Local anchors look like `#Name`: ask for them
 * first.
 */
export function readRegistryRef(ref: string): RegistryRef | undefined {
  const match = canonical.exec(ref)
  if (match === null) return
  const [, name = "", version, tail = ""] = match
  return { name, version: version === "" && tail !== "" ? undefined : version, tail }
}

export function writeRegistryRef({ name, version, tail }: RegistryRef): string {
  if (version !== undefined) return `#${name}:${version}${tail}`
  return tail === "" ? `#${name}` : `#${name}:${tail}`
}

const prefix = "#/schemas/"

/**
 * Reads the dialect's `#/schemas/Name`, `#/schemas/Name:Version` and what may follow as a pointer into that schema.
 * `isRegistered` settles whether `#/schemas/a/b` is the schema `a/b` or the member `b` of the schema `a`.
 */
export function readPointerRef(
  ref: string,
  isRegistered: (name: string) => boolean,
): RegistryRef | undefined {
  if (!ref.startsWith(prefix)) return
  const parts = ref.slice(prefix.length).split("/")
  const [first = "", second] = parts
  const isPrefixed =
    second !== undefined &&
    !first.includes(":") &&
    (isRegistered(`${first}/${beforeColon(second)}`) || second.includes(":")) &&
    !isRegistered(first)
  const named = isPrefixed ? `${first}/${second}` : first
  const tail = parts.slice(isPrefixed ? 2 : 1)
  const name = beforeColon(named)
  if (name === "") return
  return {
    name,
    version: named.includes(":") ? named.slice(name.length + 1) : undefined,
    tail: tail.map((part) => `/${part}`).join(""),
  }
}

const beforeColon = (text: string) => text.split(":", 1)[0] ?? ""

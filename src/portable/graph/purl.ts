/** A package URL (ECMA-427), taken apart. */
export interface Purl {
  readonly type: string
  /** Decoded, segments joined with `/`. */
  readonly namespace: string | undefined
  readonly name: string
  readonly version: string | undefined
  /** As it may be published: without qualifiers that could hold a credential, and without subpath. */
  readonly text: string
}

const shape = /^pkg:\/{0,2}([a-z][a-z0-9.+-]*)\/([^?#]*[^?#/])(?:\?([^#]*))?(?:#.*)?$/i

/** Qualifiers that say which package is meant. Others, such as `download_url`, may hold what must not be published. */
const identifying: ReadonlySet<string> = new Set(
  "arch classifier distro epoch os platform repository_url tag type".split(" "),
)

/** Undefined for what is no package URL. */
export function readPurl(written: string): Purl | undefined {
  const [, type = "", path = "", qualifiers = ""] = shape.exec(written) ?? []
  if (type === "") return
  // The last `@` begins the version; one that begins a segment is an npm scope that was not encoded.
  const at = path.lastIndexOf("@")
  const hasVersion = at > 0 && path[at - 1] !== "/"
  const version = hasVersion ? decoded(path.slice(at + 1)) : undefined
  const parts = (hasVersion ? path.slice(0, at) : path).split("/").map(decoded)
  const name = parts.at(-1)
  if (hasVersion && !version) return
  if (!name || parts.some((part) => !part)) return
  const namespace = parts.length > 1 ? parts.slice(0, -1).join("/") : undefined
  const known = { type: type.toLowerCase(), namespace, name, version }
  return { ...known, text: writePurl(known, publishable(qualifiers)) }
}

/** `pkg:type/namespace/name@version?qualifiers`, in canonical form. */
export function writePurl(
  { type, namespace, name, version }: Omit<Purl, "text">,
  qualifiers: readonly (readonly [string, string])[] = [],
): string {
  const path = [...(namespace?.split("/") ?? []), name].map(encoded).join("/")
  const suffix = version === undefined ? "" : `@${encoded(version)}`
  const pairs = qualifiers.map(([key, value]) => `${key}=${encoded(value)}`).join("&")
  return `pkg:${type}/${path}${suffix}${pairs === "" ? "" : `?${pairs}`}`
}

function publishable(qualifiers: string): readonly (readonly [string, string])[] {
  const pairs = qualifiers.split("&").flatMap((pair) => {
    const [key = "", ...value] = pair.split("=")
    const text = decoded(value.join("="))
    const shown = key === "repository_url" ? withoutCredentials(text ?? "") : text
    return identifying.has(key) && shown ? [[key, shown] as const] : []
  })
  return pairs.sort(([left], [right]) => (left < right ? -1 : 1))
}

/** `docker.io/x` is as good as an address. */
const withoutCredentials = (address: string): string =>
  address.replace(/^([a-z+]+:\/\/)?[^/@]*@/i, "$1").replace(/[?#].*$/s, "")

/** Undefined where escapes are not UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return
    throw error
  }
}

/** All but letters, digits and `.-_~:` is escaped. */
const encoded = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%3A", ":")

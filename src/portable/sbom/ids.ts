import { createHash } from "node:crypto"
import { compareText, type Node, unversioned } from "../graph/graph.ts"
import { writePurl } from "../graph/purl.ts"

/** The namespace of names that are URLs (RFC 9562 §6.6). */
const urlNamespace = "6ba7b8119dad11d180b400c04fd430c8"

/** A name-based UUID (RFC 9562 §5.5): the same for the same name. */
export function uuidOf(name: string): string {
  const bytes = createHash("sha1").update(Buffer.from(urlNamespace, "hex")).update(name).digest()
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString("hex")
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join("-")
}

/**
 * The ids of nodes in SPDX, without `SPDXRef-`, by their own: letters, digits, `.` and `-`. Where others had to be
 * replaced, or two would be written alike (`a-b` in version `1`, `a` in version `b-1`), a digest keeps them apart.
 */
export function spdxNames(nodes: readonly Node[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const node of nodes.toSorted((left, right) => compareText(left.id, right.id))) {
    const wanted = spdxName(node)
    let name = wanted
    for (let number = 1; taken.has(name); number++)
      name = `${wanted}-${shortDigest(node.id, number)}`
    taken.add(name)
    names.set(node.id, name)
  }
  return names
}

function spdxName({ id, kind, name, version }: Node): string {
  if (kind === "registry") return "registry"
  // Names of packages and models are not what the registry allows, and ids are made of them already.
  const isForeign = kind === "package" || kind === "model"
  return plain(
    isForeign
      ? id.replace("urn:postern:", "").replaceAll(":", "-")
      : [kind, name, version ?? unversioned].join("-"),
  )
}

const shortDigest = (...parts: readonly (string | number)[]): string =>
  createHash("sha256").update(parts.join("#")).digest("hex").slice(0, 8)

/** Text as part of an SPDX id. */
export function plain(text: string): string {
  const made = text.replace(/[^A-Za-z0-9.-]/g, "-")
  if (made === text) return text
  return `${made}-${shortDigest(text)}`
}

/**
 * The package URL of a node. What the registry registers is in no package registry: `generic` gives it an identity, and
 * nothing that vulnerabilities would be looked up by.
 */
export function purlOf(node: Node, registryName: string): string | undefined {
  if (node.kind === "package" || node.kind === "model") return node.purl
  const { kind, name, version } = node
  if (kind === "registry")
    return writePurl({ type: "generic", namespace: undefined, name: registryName, version })
  const [last = name, ...prefix] = name.split("/").reverse()
  const namespace = [registryName.replaceAll("/", "-"), kind, ...prefix].join("/")
  return writePurl({ type: "generic", namespace, name: last, version })
}

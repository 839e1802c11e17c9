import { isIP } from "node:net"
import { z } from "zod"

const timeUnits = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const sizeUnits = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

const expectedDuration = "expected a duration such as 500ms, 30s, 5m, 12h or 1d"
const expectedSize = "expected a size such as 64KiB or 4MiB"

interface Range {
  readonly min: number
  readonly max: number
}

const anyDuration = z
  .string({ error: expectedDuration })
  .regex(/^\d{1,13}(?:ms|s|m|h|d)$/, { error: expectedDuration, abort: true })
  .transform((text) => scaled(text, timeUnits))

/** A duration, written `500ms`, `30s`, `5m`, `12h`, `1d`; becomes milliseconds. */
export const duration = ({ min, max }: Range) =>
  anyDuration.refine((ms) => ms >= min && ms <= max, {
    error: `expected ${printDuration(min)} to ${printDuration(max)}`,
  })

const anySize = z
  .string({ error: expectedSize })
  .regex(/^\d{1,13}(?:B|KiB|MiB|GiB)$/, { error: expectedSize, abort: true })
  .transform((text) => scaled(text, sizeUnits))

/** A size, written `64KiB`, `4MiB`; becomes bytes. */
export const size = ({ min, max }: Range) =>
  anySize.refine((bytes) => bytes >= min && bytes <= max, {
    error: `expected ${printSize(min)} to ${printSize(max)}`,
  })

export const printDuration = (ms: number): string => printed(ms, timeUnits)
export const printSize = (bytes: number): string => printed(bytes, sizeUnits)

function scaled(text: string, units: Readonly<Record<string, number>>): number {
  const unit = text.replace(/^\d+/, "")
  return Number.parseInt(text, 10) * (units[unit] ?? Number.NaN)
}

/** In the largest unit that divides it: what {@link duration} and {@link size} read back. */
function printed(value: number, units: Readonly<Record<string, number>>): string {
  const largest = Object.entries(units)
    .filter(([, factor]) => value % factor === 0)
    .at(-1)
  return largest === undefined ? String(value) : `${value / largest[1]}${largest[0]}`
}

/** An http or https address without user and password: those would be secrets in a place that is printed. */
export const webUrl = z
  .string({ error: "expected an http or https address" })
  .refine((text) => isWebUrl(text), { error: "expected an http or https address" })
  .refine((text) => !hasCredentials(text), {
    error: "an address holds no user or password; send a header",
  })

/**
 * The same with TLS, or on this machine: what is sent there, or trusted from there, must not be read or changed on its
 * way.
 */
export const protectedUrl = webUrl.refine(isProtected, {
  error: "expected an https address; http only on this machine",
})

export const origin = z.string().refine((text) => isWebUrl(text) && new URL(text).origin === text, {
  error: "expected an origin such as https://console.example, without a path",
})

/** An address range such as `10.0.0.0/8`, or one address. */
export const cidr = z
  .string()
  .refine(isCidr, { error: "expected an address range such as 10.0.0.0/8 or ::1/128" })

/** The text that a reference pointed to; `secrets.ts` makes sure that no literal is written here. */
export const secret = z
  .string({ error: 'expected a secret: "${NAME}" or file:/run/secrets/name' })
  .min(1, { error: "the secret is empty", abort: true })
  .meta({ writeOnly: true })

/** A secret that other things are sealed or keyed with: too short a one can be guessed offline. */
export const sealKey = secret.min(32, {
  error: "the key is shorter than 32 characters; make one with: openssl rand -hex 32",
})

/** `file://` and a path; becomes the path, which may be relative. */
export const fileAddress = z.string().transform((text, context) => {
  const path = text.replace(/^file:(?:\/\/)?/, "")
  const message = wrongAddress(text, path)
  if (message === undefined) return decodeURIComponent(path)
  context.addIssue({ code: "custom", message })
  return z.NEVER
})

/** Where a document is: a path, which may be relative, or an address. */
export type DocumentAddress =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "http"; readonly url: string }

/** `file://` and a path, or an http or https address. */
export const documentAddress = z.string().transform((text, context): DocumentAddress => {
  const isWeb = /^https?:/i.test(text)
  const parsed = isWeb ? webUrl.safeParse(text) : fileAddress.safeParse(text)
  for (const { message } of parsed.error?.issues ?? [])
    context.addIssue({ code: "custom", message })
  if (parsed.data === undefined) return z.NEVER
  if (!isWeb) return { kind: "file", path: parsed.data }
  if (!text.includes("#")) return { kind: "http", url: new URL(parsed.data).href }
  context.addIssue({ code: "custom", message: "expected an address without a fragment" })
  return z.NEVER
})

function wrongAddress(text: string, path: string): string | undefined {
  if (/^https?:/i.test(text)) return "expected a file, such as file://./registry.json"
  if (path === text)
    return "expected file:// and a path, such as file://./registry.json, or an https address"
  if (!/^\.{0,2}\//.test(path)) return "expected a path after file:// that begins with ./, ../ or /"
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return "expected %25 for a percent sign in the path"
  return
}

function isWebUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

function hasCredentials(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { username, password } = new URL(text)
  return username !== "" || password !== ""
}

function isCidr(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/")
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/** With TLS, or on this machine. */
export function isProtected(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, hostname } = new URL(address)
  return protocol === "https:" || /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname)
}

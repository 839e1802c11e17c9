import type { RequestListener } from "node:http"
import type { Server, ServerOptions } from "node:https"
import type { TLSSocket } from "node:tls"
import { createLogLimit } from "../../mcp/face/log-limit.ts"
import { watchFile } from "../../store/file-source.ts"
import type { Watch } from "../../store/source.ts"
import type { ListenTls } from "../config/config.ts"
import type { Door } from "../listen.ts"
import type { Logger } from "../log.ts"
import { type Material, readMaterial } from "./material.ts"
import { type SecureServerOptions, secureServer } from "./secure-server.ts"

/** For `/status` and metrics. Times are milliseconds since the epoch. */
export interface TlsState {
  readonly expiresMs: number
  readonly loadedAtMs: number
  /** Renewals that could not be used, since the start. */
  readonly failures: number
  /** Connections that ended before TLS was agreed on, or whose certificate was refused, since the start. */
  readonly handshakeFailures: number
  /** Why the files are not what is in use; undefined where they are. */
  readonly lastError: { readonly atMs: number; readonly message: string } | undefined
}

export interface TlsServingOptions {
  readonly log: Pick<Logger, "info" | "error">
  readonly now: () => number
}

/**
 * A listener's certificate and trusted authorities, kept in step with their files. Open connections stay as they were
 * made; new ones get what is in use. Files that cannot be used, such as a pair of which only one half has been replaced
 * yet, change nothing except what operators are told.
 */
export class TlsServing {
  readonly #tls: ListenTls
  readonly #options: TlsServingOptions
  #material: Material
  #state: TlsState
  #server: Server | undefined
  #watches: readonly Watch[] = []
  #isClosed = false
  readonly #logHandshake: ReturnType<typeof createLogLimit>

  /** Throws an Error for files that cannot be used: what is wrong, with which of them, and what to do. */
  constructor(tls: ListenTls, options: TlsServingOptions) {
    this.#tls = tls
    this.#options = options
    const nowMs = options.now()
    this.#material = readMaterial(tls, nowMs)
    const { expiresMs } = this.#material
    const none = { failures: 0, handshakeFailures: 0, lastError: undefined }
    this.#state = { ...none, expiresMs, loadedAtMs: nowMs }
    this.#logHandshake = createLogLimit((event) => options.log.info(event), 10, options.now)
  }

  get state(): TlsState {
    return this.#state
  }

  /** The name under which others may know this gateway, and its replicas, which show the same. */
  get host(): string | undefined {
    return this.#material.host
  }

  /** A server that uses the current files, from now until it is closed. */
  door(options: SecureServerOptions, answer: RequestListener): Door {
    return secureServer(this, options, answer)
  }

  /** For a server that is about to be made. */
  serverOptions(): ServerOptions {
    const { clients } = this.#tls
    return {
      ...this.#context(this.#material),
      requestCert: clients !== undefined,
      rejectUnauthorized: clients?.areRequired === true,
    }
  }

  /** From here on `server` follows the files. Resolves when no later change can be missed. */
  async keep(server: Server): Promise<void> {
    this.#server = server
    const { cert, clients, key } = this.#tls
    const files = [cert, key.source?.file, clients?.ca].filter((file) => file !== undefined)
    const changed = () => this.#renew()
    this.#watches = await Promise.all(files.map((file) => watchFile(file, changed)))
    if (this.#isClosed) this.close()
    else this.#renew() // they may have changed since they were read
  }

  /** A connection came to nothing. */
  failed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const handshakeFailures = this.#state.handshakeFailures + 1
    this.#state = { ...this.#state, handshakeFailures }
    const refused: unknown = socket.authorizationError // the code of it, whatever the types say
    const reason = String(refused ?? error.code ?? error.message)
    this.#logHandshake({ event: "handshake_failed", reason, remote: socket.remoteAddress })
  }

  close(): void {
    this.#isClosed = true
    for (const watch of this.#watches) watch.close()
  }

  #context({ ca, cert, key }: Material) {
    return { cert, key, minVersion: this.#tls.minVersion, ...(ca !== undefined && { ca }) }
  }

  #renew(): void {
    const nowMs = this.#options.now()
    try {
      const material = readMaterial(this.#tls, nowMs)
      const isNew = !isSame(material, this.#material)
      if (isNew) this.#server?.setSecureContext(this.#context(material))
      this.#material = material
      const { expiresMs } = material
      const loadedAtMs = isNew ? nowMs : this.#state.loadedAtMs
      const isMended = this.#state.lastError !== undefined // whoever read of the error reads of its end
      this.#state = { ...this.#state, expiresMs, loadedAtMs, lastError: undefined }
      if (isNew || isMended)
        this.#options.log.info({ event: "certificate_renewed", expires: iso(expiresMs) })
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error), nowMs)
    }
  }

  #fail(message: string, atMs: number): void {
    if (this.#state.lastError?.message === message) return
    const { expiresMs, failures } = this.#state
    this.#state = { ...this.#state, failures: failures + 1, lastError: { atMs, message } }
    const kept = `the certificate in use stays; it ends on ${iso(expiresMs)}`
    this.#options.log.error({ event: "certificate_not_renewed", reason: message, kept })
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()

const isSame = (a: Material, b: Material): boolean =>
  a.cert === b.cert && a.key === b.key && a.ca === b.ca

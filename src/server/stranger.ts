import type { IncomingMessage } from "node:http"

/** Why whoever asks for these is none of the people on this machine; undefined for one of them. */
export function strangerOf({ socket, headers }: IncomingMessage, what: string): string | undefined {
  const { remoteAddress = "", localAddress } = socket
  if (remoteAddress !== localAddress && !/^(::1$|(::ffff:)?127\.)/.test(remoteAddress))
    return `${what} are shown and changed from the machine of the gateway only`
  const site = headers["sec-fetch-site"]
  if (headers.origin !== undefined || (site !== undefined && site !== "none"))
    return `${what} are not for web pages`
  return
}

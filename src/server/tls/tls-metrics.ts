import type { Metrics } from "../metrics.ts"
import type { Parts } from "../parts.ts"
import type { TlsState } from "./tls-serving.ts"

/** What an operator watches of the certificate. Nothing where callers speak plain HTTP. */
export function addTls(metrics: Metrics, { tls }: Parts): void {
  const read = (pick: (state: TlsState) => number) => () =>
    tls === undefined ? [] : [{ values: [], value: pick(tls.state) }]
  metrics.gauge(
    "postern_tls_certificate_expiry_timestamp_seconds",
    "When the certificate that callers are shown ends.",
    read(({ expiresMs }) => expiresMs / 1000),
  )
  metrics.gauge(
    "postern_tls_certificate_is_current",
    "1 when what is in the files is in use, 0 when it could not be used.",
    read(({ lastError }) => (lastError === undefined ? 1 : 0)),
  )
  metrics.total(
    "postern_tls_handshake_failures_total",
    "Connections of callers that came to nothing: no TLS, another version of it, a certificate that is not believed, too slow.",
    read(({ handshakeFailures }) => handshakeFailures),
  )
}

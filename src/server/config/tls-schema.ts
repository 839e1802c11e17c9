import { z } from "zod"
import { defaults } from "./defaults.ts"
import { secret } from "./scalars.ts"

const file = z.string().min(1)

/** How a listener ends TLS. Files are in PEM, and read again when they change. */
export const listenTls = z
  .strictObject({
    cert: file.describe(
      "A file in PEM with the gateway's certificate, followed by the intermediate ones.",
    ),
    key: secret.describe("The certificate's private key in PEM, without a passphrase."),
    ca: file
      .optional()
      .describe("A file in PEM with the authorities whose client certificates are accepted."),
    clientCert: z
      .enum(["require", "request"])
      .optional()
      .describe(
        "Whether callers have to show a certificate of ca, or may. With ca and without this key: require.",
      ),
    minVersion: z
      .enum(["TLSv1.2", "TLSv1.3"])
      .default(defaults.tlsMinVersion)
      .describe("The oldest version of TLS that is spoken."),
  })
  .refine(({ ca, clientCert }) => clientCert === undefined || ca !== undefined, {
    path: ["clientCert"],
    error: "has no effect without ca: there is nobody whose certificates are believed",
  })

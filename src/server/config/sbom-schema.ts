import { z } from "zod"
import { isMailAddress } from "../../portable/graph/facts.ts"
import { tlps } from "../../portable/sbom/settings.ts"
import { webUrl } from "./scalars.ts"

const words = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\p{Cc}\p{Cf}\u2028\u2029]*$/u, { error: "holds a control character" })

const email = z
  .string()
  .refine(isMailAddress, { error: "expected an address such as team@acme.example" })

const namespace = z
  .string()
  .regex(/^[a-z][a-z0-9+.-]*:\/\/[^\s#?]+$/i, {
    error: "expected an absolute URI without # and ?, such as https://acme.example/spdx",
  })
  .transform((text) => text.replace(/\/+$/, ""))

/** What SBOMs say that the registry does not know. */
export const sbom = z
  .strictObject({
    name: words
      .optional()
      .describe("What the registry is called; otherwise its file's name, without the ending."),
    supplier: z
      .strictObject({
        name: words.describe("Its name."),
        url: webUrl.optional().describe("Its address."),
        email: email.optional().describe("Whom to write to."),
      })
      .optional()
      .describe("Who supplies what is registered, where metadata.supplier does not say otherwise."),
    author: z
      .strictObject({
        name: words.describe("Its name."),
        email: email.optional().describe("Whom to write to."),
      })
      .optional()
      .describe("Who answers for the SBOM; otherwise the supplier."),
    license: words
      .optional()
      .describe(
        "Of what is registered, where metadata.license does not say otherwise: an SPDX expression, or any words.",
      ),
    namespace: namespace
      .optional()
      .describe("Where SPDX documents get their names, such as https://acme.example/spdx."),
    tlp: z
      .enum(tlps)
      .optional()
      .describe("How far the SBOM may travel (Traffic Light Protocol); CycloneDX 1.7 says it."),
    model: z
      .strictObject({
        name: words.describe("Its name."),
        version: words.optional().describe("Its version."),
        purl: words.optional().describe("Its package URL."),
        supplier: words.optional().describe("Who supplies it."),
      })
      .optional()
      .describe("The model of agents whose metadata.model does not say otherwise."),
  })
  .prefault({})

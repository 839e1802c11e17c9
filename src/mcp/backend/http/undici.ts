import { createRequire } from "node:module"
import type { buildConnector, Client, Pool } from "undici"

const require = createRequire(import.meta.url)

/**
 * The parts of undici that speak HTTP/1.1, loaded when there is somebody to speak to. All of undici, with its fetch, its
 * caches, its mocks and its proxies, would be a fifth of a start.
 */
export const loadUndici = () => ({
  buildConnector: require("undici/lib/core/connect.js") as typeof buildConnector,
  Client: require("undici/lib/dispatcher/client.js") as typeof Client,
  Pool: require("undici/lib/dispatcher/pool.js") as typeof Pool,
})

import type { IncomingMessage } from "node:http"

import { expect, onTestFinished } from "vitest"

import { as, modern, opened, posting, type RawRequest } from "./face-server.ts"

/** Asserts what becomes true in a moment, on a busy machine in a long one. */
export const eventually = <T>(read: () => T) => expect.poll(read, { interval: 5, timeout: 4_000 })

/** An open event stream, and what has come over it so far. */
export interface OpenStream {
  readonly incoming: IncomingMessage
  readonly text: () => string
  readonly messages: () => unknown[]
  /** True once the other side has ended it or cut it. */
  readonly isOver: () => boolean
  /** Waits until that many messages are there. */
  arrived(count: number): Promise<unknown[]>
  over(): Promise<void>
}

/** Reads a stream as it comes; closed when the test is over. */
export function reading(incoming: IncomingMessage): OpenStream {
  let text = ""
  let isOver = false
  incoming.setEncoding("utf8")
  incoming.on("data", (chunk: string) => {
    text += chunk
  })
  incoming.on("error", () => undefined) // a cut is seen as the end
  const closed = new Promise<void>((resolve) => {
    incoming.on("close", () => {
      isOver = true
      resolve()
    })
  })
  onTestFinished(() => void incoming.destroy())
  const messages = () =>
    text.split("\n\n").flatMap((frame) => {
      const data = /^data: (.+)$/m.exec(frame)?.[1] // an event without any primes the client
      return data === undefined ? [] : [JSON.parse(data)]
    })
  return {
    incoming,
    text: () => text,
    messages,
    isOver: () => isOver,
    async arrived(count) {
      await eventually(() => messages().length).toBeGreaterThanOrEqual(count)
      return messages()
    },
    over: () => closed,
  }
}

/** The GET stream of a legacy session. */
export const sessionStream = async (
  port: number,
  headers: Record<string, string>,
): Promise<OpenStream> =>
  reading(
    await opened(port, { method: "GET", headers: { ...headers, accept: "text/event-stream" } }),
  )

/** The request of {@link listening}. */
export const listenRequest = (
  agent: string,
  notifications: object = { toolsListChanged: true },
  id: string | number = "sub-1",
): RawRequest => {
  const { message, headers } = modern("subscriptions/listen", { notifications }, id)
  return posting(message, { ...headers, ...as(agent) })
}

/** A modern `subscriptions/listen`. */
export const listening = async (
  port: number,
  agent: string,
  notifications?: object,
  id?: string | number,
): Promise<OpenStream> => reading(await opened(port, listenRequest(agent, notifications, id)))

/**
 * The load: raw sockets that send one prepared request again and again, one in flight per connection, and look only for
 * the end of each answer. It costs less CPU than any HTTP client, so that the subjects have the machine.
 */
import { connect } from "node:net"

export interface Answered {
  readonly calls: number
  readonly seconds: number
  /** Answers other than HTTP 200, or 200 with a JSON-RPC error or `isError` in it. */
  readonly failed: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface Target {
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Of each connection its own, where sessions tell requests by their ids. */
  readonly body: string | ((connection: number) => string)
}

interface Connections {
  readonly connections: number
  /** Between an answer and the next request of its connection. */
  readonly pauseMs?: number
}

interface Pressure extends Connections {
  readonly seconds: number
}

interface Crowd extends Connections {
  /** When a connection that was accepted may begin; otherwise at once. */
  accepted?(): Promise<void>
  /** Asked after each answer. */
  isOver(): boolean
  /** Told of each answer. */
  answered?(connection: number, isGood: boolean): void
}

/** Runs `connections` connections for `seconds`; the calls that finish in that time count. */
export async function load(
  target: Target,
  { seconds, ...connections }: Pressure,
): Promise<Answered> {
  const started = performance.now()
  const until = started + seconds * 1000
  const isOver = () => performance.now() >= until
  const done = await crowd(target, { ...connections, isOver })
  const elapsed = (performance.now() - started) / 1000
  const latencies = done.flatMap(({ latencies }) => latencies).sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
  return {
    calls: latencies.length,
    seconds: elapsed,
    failed: done.reduce((sum, { failed }) => sum + failed, 0),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  }
}

/** Runs `connections` connections until it is over. */
export const crowd = (target: Target, { connections, ...lanes }: Crowd): Promise<readonly Lane[]> =>
  Promise.all(
    Array.from({ length: connections }, (_, connection) =>
      lane(target.port, requestOf(target, connection), { ...lanes, connection }),
    ),
  )

export const bodyOf = ({ body }: Target, connection: number): string =>
  typeof body === "string" ? body : body(connection)

function requestOf(target: Target, connection: number): Buffer {
  const { port, path, headers } = target
  const text = bodyOf(target, connection)
  return Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      `content-length: ${Buffer.byteLength(text)}`,
      "",
      text,
    ].join("\r\n"),
  )
}

interface Lane {
  readonly latencies: readonly number[]
  readonly failed: number
}

function lane(
  port: number,
  request: Buffer,
  {
    accepted,
    answered,
    connection,
    isOver,
    pauseMs = 0,
  }: Omit<Crowd, "connections"> & { connection: number },
): Promise<Lane> {
  const latencies: number[] = []
  let failed = 0
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true })
    let sent = 0
    let answer = ""
    const send = () => {
      sent = performance.now()
      answer = ""
      socket.write(request)
    }
    const take = () => {
      latencies.push(performance.now() - sent)
      const good = isGood(answer)
      if (!good) failed += 1
      answered?.(connection, good)
      if (isOver()) socket.end()
      else if (pauseMs === 0) send()
      else setTimeout(send, pauseMs)
    }
    const begin = () => {
      whole = take
      void accepted?.().then(send)
    }
    let whole = accepted === undefined ? take : begin
    socket.setEncoding("latin1")
    socket.on("connect", () => (accepted === undefined ? send() : socket.write(knock)))
    socket.on("data", (chunk: string) => {
      answer += chunk
      if (isWhole(answer)) whole()
    })
    socket.on("error", reject)
    socket.on("close", () => resolve({ latencies, failed }))
  })
}

/** Whoever answers this, whatever it says, has accepted the connection. */
const knock = "GET /nothing HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"

function isWhole(answer: string): boolean {
  const head = answer.indexOf("\r\n\r\n")
  if (head < 0) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, head + 2))?.[1]
  if (length !== undefined) return answer.length >= head + 4 + Number(length)
  return answer.endsWith("\r\n0\r\n\r\n") // chunked
}

const isGood = (answer: string) =>
  answer.startsWith("HTTP/1.1 200") &&
  !answer.includes('"error":{') &&
  !answer.includes('"isError":true')

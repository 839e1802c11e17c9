import type { Backends } from "../../src/call/backends.ts"
import type { Follower, News, Topic } from "../../src/call/following.ts"
import { refKey } from "../../src/registry/model.ts"

interface Followed {
  readonly server: string
  readonly topic: Topic
  readonly follower: Follower
}

/** Servers that say what the test says, to whoever follows them; their resources are `x:…` alone. */
export function newsroom() {
  const followed = new Set<Followed>()
  let asked = 0
  const follow: Backends["follow"] = ({ name, version }, { topic, follower }) => {
    const one = { server: refKey(name, version), topic, follower }
    followed.add(one)
    asked++
    const tells = topic.kind === "list" || topic.uri.startsWith("x:")
    return { agreed: Promise.resolve(tells), end: () => void followed.delete(one) }
  }
  const tell = (server: string, news: News) => {
    for (const { server: from, topic, follower } of followed) {
      const isList = topic.kind === "list" && news.kind === "list" && topic.of === news.of
      const isResource =
        topic.kind === "resource" && news.kind === "resource" && news.uri.startsWith(topic.uri)
      if (from === server && (isList || isResource)) follower.hear(news)
    }
  }
  return {
    follow,
    list: (of: "tools" | "prompts" | "resources", server = "server@1.0.0") =>
      tell(server, { kind: "list", of }),
    updated: (uri: string, more: object = {}, server = "server@1.0.0") =>
      tell(server, { kind: "resource", uri, params: { uri, ...more } }),
    /** How often a server was asked to tell. */
    asked: () => asked,
    /** What is followed, as `server topic`. */
    followed: () =>
      [...followed]
        .map(({ server, topic }) => `${server} ${topic.kind === "list" ? topic.of : topic.uri}`)
        .sort(),
  }
}

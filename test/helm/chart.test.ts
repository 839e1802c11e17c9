import { readFileSync, writeFileSync } from "node:fs"
import { Ajv2020 } from "ajv/dist/2020.js"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { parseConfig } from "../../src/server/config/parse.ts"
import {
  chartFile,
  configOf,
  helm,
  type Manifest,
  manifest,
  manifests,
  runHelm,
  template,
} from "../support/helm.ts"

const fixture = new URL("../fixtures/kubernetes/schemas.json", import.meta.url)
const { kinds, ...schemas }: { kinds: Record<string, string>; $defs: object } = JSON.parse(
  readFileSync(fixture, "utf8"),
)
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
ajv.addSchema({ ...schemas, $id: "kubernetes" })

/** What Kubernetes would say against it. */
function wrongWith({ apiVersion, kind, ...rest }: Manifest): string[] {
  const definition = kinds[`${apiVersion} ${kind}`]
  if (definition === undefined) return [`${apiVersion} ${kind} is not among the fixtures`]
  const isRight = ajv.compile({ $ref: `kubernetes#/$defs/${definition}` })
  isRight({ apiVersion, kind, ...rest })
  return (isRight.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

/** With every switch turned. */
const everything = [
  ...["central", 'extraVolumes=[{"name":"x","emptyDir":{}}]'],
  ...['extraVolumeMounts=[{"name":"x","mountPath":"/x"}]', 'envFrom=[{"secretRef":{"name":"x"}}]'],
  ...['extraContainers=[{"name":"ship","image":"ship"}]', 'imagePullSecrets=[{"name":"pull"}]'],
  ...['metrics.rules={"enabled":true}', 'metrics.dashboard={"enabled":true}'],
  ...['tolerations=[{"operator":"Exists"}]', 'nodeSelector={"disk":"ssd"}', "ipv6=true"],
  ...['affinity={"nodeAffinity":{}}', 'priorityClassName="high"', 'podLabels={"team":"a"}'],
  ...['podAnnotations={"a":"b"}', 'service={"type":"LoadBalancer","annotations":{"a":"b"}}'],
  ...[
    'networkPolicy.egress=[{"ports":[{"port":443}]}]',
    'serviceAccount={"annotations":{"a":"b"}}',
  ],
  'topologySpreadConstraints=[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}]',
  `image.digest="sha256:${"0".repeat(64)}"`,
]
/** Names that YAML takes for numbers, truths or nothing, where they are not quoted. */
const oddNames = [
  ...["central", 'registry.existingConfigMap="1234"', 'audit.existingClaim="99"'],
  ...['sessionKey={"existingSecret":"0x1F","key":"1","previousKey":"2"}', 'nameOverride="5"'],
  ...['audit.hmac={"existingSecret":"null","key":"~"}', 'fullnameOverride="true"'],
  ...['state.postgres={"existingSecret":"1e3","key":"on"}', 'priorityClassName="100"'],
  ...['tls={"existingSecret":"12","caKey":"3","clients":{"existingSecret":"13","key":"4"}}'],
  ...['ingress={"host":"*.gateway.example","className":"1","tlsSecret":"22"}'],
  'serviceAccount.name="007"',
]
/** `key:` with nothing behind it is null, with which Helm takes the default away. */
const leftBlank = [
  ...["central", "resources=null", "podLabels=null", "podAnnotations=null", "affinity=null"],
  ...["podSecurityContext=null", "tolerations=null", "env=null", "extraVolumes=null"],
  ...["fullnameOverride=null", "image.tag=null", "audit.existingClaim=null"],
  ...["tls.existingSecret=null", "tls.caKey=null", "tls.clients.existingSecret=null"],
  ...["state.sqlite.existingClaim=null", "serviceAccount.name=null", "ingress.tlsSecret=null"],
  ...["registry.document=null", "networkPolicy.egress=null", "autoscaling.enabled=false"],
  ...['metrics.rules={"enabled":true,"labels":null}'],
]
const ownRegistry = ['registry={"existingConfigMap":"registry"}', "config.servers={}"]

const address = 'config.registry={"source":"https://registry.example/registry.json"}'

describe.skipIf(helm === undefined)(
  "the chart, rendered by the real helm (skipped where there is none: install it, or name it in HELM)",
  () => {
    describe.each([
      { name: "central", values: ["central"] },
      { name: "small", values: ["small"] },
      { name: "sidecar", values: ["sidecar"] },
      { name: "mtls", values: ["mtls"] },
    ])("with ci/$name.yaml", ({ name, values }) => {
      test("is as it was reviewed (UPDATE=1 rewrites the file)", async () => {
        const { text, stderr } = template(...values)
        expect(stderr).toBe("")
        const golden = new URL(`golden/${name}.yaml`, import.meta.url)
        if (process.env["UPDATE"]) writeFileSync(golden, text)
        expect(text).toBe(readFileSync(golden, "utf8"))
      })

      test("passes helm's own linter", () => {
        const { status, text, stderr } = runHelm(["lint", "--strict"], values)
        expect(`${text}${stderr}`).not.toMatch(/\[(WARNING|ERROR)\]/)
        expect(status).toBe(0)
      })
    })

    test.each([
      { what: "central", values: ["central"] },
      { what: "small", values: ["small"] },
      { what: "sidecar", values: ["sidecar"] },
      { what: "certificates", values: ["mtls"] },
      { what: "everything switched on", values: everything },
      { what: "odd names", values: oddNames },
      { what: "what is left blank", values: leftBlank },
      {
        what: "a registry at an address",
        values: ["central", 'registry.existingConfigMap=""', address],
      },
    ])("$what: Kubernetes knows every member, and the gateway its configuration", ({ values }) => {
      const { text, stderr } = template(...values)
      expect(stderr).toBe("")
      expect(manifests(text).flatMap(wrongWith)).toEqual([])
      expect(wrongWith({ ...manifest(text, "Deployment"), spec: { replica: 1 } })).not.toEqual([])

      const key = "a key of at least thirty-two characters"
      const env = {
        ...{ POSTERN_SESSION_KEY: key, POSTERN_SESSION_KEY_BEFORE: key, POSTERN_AUDIT_KEY: key },
        ...{
          POSTERN_RUNS: "postgres://runs.internal/runs",
          POD_IP: values.includes("ipv6=true") ? "fd00::3" : "10.1.2.3",
          DOCUMENTS_TOKEN: "t",
          TLS_KEY: "k",
        },
      }
      // The Secret is not here: its file is read at once, as every secret is.
      const written = configOf(text).replace("file:/etc/postern/tls/tls.key", `"\${TLS_KEY}"`)
      const parsed = parseConfig("/etc/postern/postern.yaml", written, env)
      expect(parsed).toMatchObject({ ok: true })
    })

    test("labels and annotations of a team's own stand beside the chart's, and pods are found all the same", () => {
      const own = {
        "app.kubernetes.io/version": "2024",
        "app.kubernetes.io/name": "mine",
        team: "a",
      }
      const { spec, metadata } = manifest(
        template(
          "small",
          `podLabels=${JSON.stringify(own)}`,
          'podAnnotations={"checksum/config":"none","a":"b"}',
        ).text,
        "Deployment",
      )
      const { "app.kubernetes.io/version": version, team } = own
      expect(spec).toMatchObject({
        selector: { matchLabels: { "app.kubernetes.io/name": "postern" } },
        template: {
          metadata: {
            labels: {
              "app.kubernetes.io/name": "postern",
              "app.kubernetes.io/version": version,
              team,
            },
            annotations: { a: "b", "checksum/config": expect.stringMatching(/^[0-9a-f]{64}$/) },
          },
        },
      })
      expect(metadata).not.toHaveProperty("labels.team")
    })

    test("who installs it is told whom its NetworkPolicy keeps out", () => {
      const notes = (...values: string[]) =>
        runHelm(["install", "gate", "--dry-run=client"], values).text.split("NOTES:")[1] ?? ""
      const open = "networkPolicy.enabled=false"
      expect(notes("central")).not.toContain("of this namespace")
      expect(notes("central", "networkPolicy.callers=[]")).toContain(
        "networkPolicy.callers from where the ingress controller comes",
      )
      expect(notes("small", 'service.type="LoadBalancer"')).toContain("the load balancer comes")
      expect(notes("central", "networkPolicy.monitors=[]")).toContain("networkPolicy.monitors")
      expect(notes("central", "networkPolicy.callers=[]", open)).not.toContain("of this namespace")
    })

    test("where pods have IPv6 addresses, the gateway listens on them", () => {
      const hosts = (...values: string[]) => {
        const { listen, admin } = parse(configOf(template(...values).text))
        return [listen.host, admin.host]
      }
      expect(hosts("central")).toEqual(["0.0.0.0", "0.0.0.0"])
      expect(hosts("central", "ipv6=true")).toEqual(["::", "::"])
      expect(hosts("sidecar", "ipv6=true")).toEqual(["127.0.0.1", "::"])
    })

    test("a pod may do nothing that Kubernetes' restricted profile forbids, and writes only where it is told", () => {
      for (const values of ["central", "sidecar"]) {
        const rendered = JSON.stringify(manifest(template(values).text, "Deployment"))
        expect(rendered).toContain('"readOnlyRootFilesystem":true')
        expect(rendered).toContain('"allowPrivilegeEscalation":false')
        expect(rendered).toContain('"drop":["ALL"]')
        expect(rendered).toContain('"runAsNonRoot":true')
        expect(rendered).toContain('"automountServiceAccountToken":false')
      }
    })

    test("no secret stands in a manifest that the chart did not make itself, and that one is kept", () => {
      const { text } = template("small", 'sessionKey={"existingSecret":""}')
      const [secret, ...more] = manifests(text).filter(({ kind }) => kind === "Secret")
      expect(more).toEqual([])
      const data: unknown = secret?.["data"]
      expect(JSON.stringify(data)).toMatch(/^\{"session":"[A-Za-z0-9+/=]{80,}"\}$/)
      expect(secret?.metadata).toMatchObject({
        annotations: { "helm.sh/resource-policy": "keep" },
      })
      expect(configOf(text)).not.toContain(JSON.parse(JSON.stringify(data)).session)
    })

    test("another configuration is another pod, another registry is not", () => {
      const podOf = (...values: string[]) =>
        manifest(template("small", ...values).text, "Deployment")
      const pod = podOf()
      expect(podOf('config.log={"level":"debug"}')).not.toEqual(pod)
      expect(podOf('registry.document.tools=[{"name":"new"}]')).toEqual(pod)
    })

    test.each([
      { values: ["small", "replicas=3"], says: /additional properties 'replicas' not allowed/ },
      { values: ["small", 'mode="both"'], says: /'central', 'sidecar'/ },
      { values: ["small", 'service.port="http"'], says: /at '\/service\/port'/ },
      { values: ["small", "config.admin.port=9"], says: /config\.admin\.port is for the chart/ },
      { values: ownRegistry, says: /config\.identity\.jwt is missing/ },
      { values: ["small", 'registry.existingConfigMap="r"'], says: /one place.*Given: .*, / },
      { values: ["small", "registry.document=null"], says: /one place.*Given: none/ },
      { values: ["sidecar", "agent.container={}"], says: /agent\.container is missing/ },
      { values: ["sidecar", "replicaCount=2"], says: /runs of one replica/ },
      { values: ["small", 'tls.caKey="ca.crt"'], says: /need tls\.existingSecret/ },
      { values: ["sidecar", 'tls.existingSecret="t"'], says: /tls is for mode central/ },
      { values: ["small", "ingress.enabled=true"], says: /needs ingress\.host/ },
      {
        values: ["sidecar", "agent.container.image=null"],
        says: /agent\.container\.image is missing/,
      },
      { values: ["small", "config.admin.port=0"], says: /config\.admin\.port is for the chart/ },
      { values: ["small", 'config.listen="0.0.0.0:80"'], says: /'\/config\/listen'.*want object/ },
      { values: ["small", "tls=null"], says: /missing property 'tls'/ },
      { values: ["small", "config.identity=null"], says: /'\/config\/identity'.*want object/ },
      {
        values: ["small", 'fullnameOverride="1st"'],
        says: /may be called "1st".*fullnameOverride/,
      },
      { values: ["small", 'fullnameOverride="my.gate"'], says: /may be called "my\.gate"/ },
      {
        values: ["central", "autoscaling.minReplicas=11"],
        says: /more than autoscaling\.maxReplicas/,
      },
      { values: ["central", "resources=null"], says: /autoscaling needs resources\.requests\.cpu/ },
      { values: ["small", "preStopSeconds=30"], says: /\(40\) has to be more than preStopSeconds/ },
      {
        values: ["small", 'config.limits.shutdownTimeout="1m"'],
        says: /config\.limits\.shutdownTimeout \(1m\)/,
      },
      {
        values: ["small", 'config.limits.shutdownTimeout="60000ms"'],
        says: /config\.limits\.shutdownTimeout \(60000ms\)/,
      },
      { values: ["small", "config.limits=null"], says: /'\/config\/limits'.*want object/ },
      {
        values: ["small", 'env=[{"name":"PORT","value":5}]'],
        says: /'\/env\/0\/value'.*want string/,
      },
      {
        values: ["small", 'imagePullSecrets=["pull"]'],
        says: /'\/imagePullSecrets\/0'.*want object/,
      },
      {
        values: ["small", 'extraVolumeMounts=[{"name":"x"}]'],
        says: /missing property 'mountPath'/,
      },
    ])("refuses $values: $says", ({ values, says }) => {
      const { status, stderr } = template(...values)
      expect(stderr.replaceAll("\n", " ")).toMatch(says)
      expect(status).not.toBe(0)
    })
  },
)

test("every value has a schema, and the schema no value that is not there", () => {
  const schema: unknown = JSON.parse(chartFile("values.schema.json"))
  const keys = Object.keys(parse(chartFile("values.yaml")))
  expect(schema).toHaveProperty("properties")
  const known = Object.keys(Object(Object(schema).properties)).filter((key) => key !== "global")
  expect(known.sort()).toEqual(keys.sort())
})

test("the chart has the version of the package", () => {
  const { version } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  )
  expect(parse(chartFile("Chart.yaml"))).toMatchObject({ version, appVersion: version })
})

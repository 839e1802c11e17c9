// The registry of a shop: an order reserves stock, charges a card and ships a parcel, on three servers that know nothing of
// each other. What cannot be finished is undone.
import { agent, registry, saga, server, tool } from "postern"

const inventory = server("inventory", "1.0.0", {
  provides: [{ tool: "reserve" }, { tool: "release" }],
})
const payment = server("payment", "1.0.0", { provides: [{ tool: "charge" }, { tool: "refund" }] })
const shipping = server("shipping", "1.0.0", { provides: [{ tool: "ship" }] })

/** Every server of the shop does what it is asked for once for each request id, however often it is asked. */
const once = { idempotency: { argument: "requestId" } }
const requestId = { type: "string" } as const
const orderId = { type: "string" } as const
const done = {
  type: "object",
  properties: { entry: { type: "integer" } },
  required: ["entry"],
} as const

const reserve = tool("inventory_reserve", "1.0.0", {
  source: inventory.tool("reserve", once),
  inputSchema: {
    type: "object",
    properties: { orderId, item: { type: "string" }, requestId },
    required: ["orderId", "item"],
  },
  outputSchema: done,
})
const release = tool("inventory_release", "1.0.0", {
  source: inventory.tool("release", once),
  inputSchema: { type: "object", properties: { orderId, requestId }, required: ["orderId"] },
  outputSchema: done,
})
const charge = tool("payment_charge", "1.0.0", {
  source: payment.tool("charge", once),
  inputSchema: {
    type: "object",
    properties: { orderId, amount: { type: "integer", minimum: 1 }, requestId },
    required: ["orderId", "amount"],
  },
  outputSchema: done,
})
const refund = tool("payment_refund", "1.0.0", {
  source: payment.tool("refund", once),
  inputSchema: { type: "object", properties: { orderId, requestId }, required: ["orderId"] },
  outputSchema: done,
})
const ship = tool("shipping_create", "1.0.0", {
  source: shipping.tool("ship", once),
  inputSchema: {
    type: "object",
    properties: { orderId, address: { type: "string" }, requestId },
    required: ["orderId", "address"],
  },
  outputSchema: done,
})

const placeOrder = tool("place_order", "1.0.0", {
  description:
    "Reserve, charge and ship an order. What cannot be shipped is neither charged nor reserved",
  inputSchema: {
    type: "object",
    properties: {
      orderId: { type: "string", minLength: 1, description: "names the order: it is placed once" },
      item: { type: "string" },
      amount: { type: "integer", minimum: 1, description: "in cents" },
      address: { type: "string" },
    },
    required: ["orderId", "item", "amount", "address"],
  },
  spec: (input) =>
    saga({ sagaIdPath: "$.orderId" }, (step) => {
      step("reserve", reserve, {
        input: { orderId: input.orderId, item: input.item },
        compensate: () => ({ run: release, input: { orderId: input.orderId } }),
      })
      step("charge", charge, {
        input: { orderId: input.orderId, amount: input.amount },
        compensate: () => ({ run: refund, input: { orderId: input.orderId } }),
      })
      // Once the parcel is on its way, there is no way back.
      const shipped = step("ship", ship, {
        input: { orderId: input.orderId, address: input.address },
        pivot: true,
      })
      return { orderId: input.orderId, parcel: shipped.entry }
    }),
})

const clerk = agent("shop-clerk", "1.0.0", {
  description: "Takes orders",
  url: "https://agents.example/shop-clerk",
  protocolVersion: "0.3.0",
  defaultInputModes: ["text"],
  defaultOutputModes: ["text"],
  skills: [],
}).depends(placeOrder)

export default registry({ agents: [clerk] })

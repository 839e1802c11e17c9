import { describe, expect, test } from "vitest"
import { describePlan } from "../../../src/compose/plan/describe.ts"
import { drawPlan } from "../../../src/compose/plan/mermaid.ts"
import { example, planOf } from "../../support/plans.ts"

const reading = { annotations: { readOnlyHint: true } }

describe("A plan in words", () => {
  test("says the order, what runs beside what, and the policies from the outside in", () => {
    const tools = { search_web: reading, search_documents: reading, fetch: reading }
    expect(
      describePlan(planOf(example("brief-topic"), { tools })).join("\n"),
    ).toMatchInlineSnapshot(`
      "brief_topic@1.0.0 is a pipeline of 4 steps within 20 s
        web    at once, beside docs
               search_web@2.1.0 (reads; input proven)
               · cached for 1 min
               · within 5 s
        docs   at once, beside web, pages
               search_documents@1.0.0 (reads; input proven)
               · on any error: a value instead
        pages  after web, beside docs
               fetch@1.2.3 (reads; input proven)
               · for each item, 5 at a time, without those that fail
               · up to 2 attempts, from 200 ms on
        store  after docs, pages
               create_document@1.1.3 (may have an effect; input proven)
               · when size(steps.pages) + size(steps.docs.results) > 0"
    `)
  })

  test("says what a saga undoes, and from where on it does not", () => {
    expect(describePlan(planOf(example("place-order"))).join("\n")).toMatchInlineSnapshot(`
      "place_order@1.0.0 is a saga of 4 steps within 30 s; every run is journaled
        reserve  at once
                 inventory_reserve@1.0.0 (may have an effect; input proven)
                 · within 5 s
                 · undone by inventory_release@1.0.0
                 · if its outcome is unknown: compensate
        charge   after reserve
                 payment_charge@1.0.0 (may have an effect; input proven)
                 · up to 3 attempts, from 200 ms on
                 · undone by payment_refund@1.0.0
                 · if its outcome is unknown: ask payment_find@1.0.0
        ship     after charge
                 shipping_create@1.0.0 (may have an effect; input proven)
                 · pivot: from here on the saga only goes forward
                 · if its outcome is unknown: retry
        notify   after ship
                 send_notification@1.0.0 (may have an effect; input proven)
                 · on any error: a value instead
                 · if its outcome is unknown: park"
    `)
  })

  test("says what a scatter-gather waits for", () => {
    expect(describePlan(planOf(example("search-all"))).join("\n")).toMatchInlineSnapshot(`
      "search_all@1.2.0 is a scatter-gather of 3 targets within 4 s, waits for 2 to succeed, one success is enough in the end
        web       at once, beside arxiv, internal
                  search_web@2.1.0 (may have an effect; input proven)
        arxiv     at once, beside web, internal
                  search_arxiv@1.0.0 (may have an effect; input proven)
                  · within 3 s
        internal  at once, beside web, arxiv
                  agent internal-search@3.0.1, skill search (may have an effect; input checked)"
    `)
  })

  test("indents what is inside, and says whom it asks", () => {
    expect(describePlan(planOf(example("crm-core"))).join("\n")).toMatchInlineSnapshot(`
      "crm@1.0.0 is a pipeline of 1 step
        main  at once
              a pipeline (may have an effect; input checked)
              · on circuitOpen: a value instead
              · breaker crm: 5 failures in 1 min
                a pipeline of 1 step:
                  inner  at once
                         crm_lookup@1.0.0 (may have an effect; input checked)
                         · up to 3 attempts, from 100 ms on"
    `)
    expect(describePlan(planOf(example("refund-order"))).join("\n")).toMatchInlineSnapshot(`
      "refund_order@2.0.0 is a saga of 3 steps; every run is journaled
        find    at once
                payment_find@1.0.0 (may have an effect; input proven)
                · if its outcome is unknown: park
        ask     after find
                asks the operator, for up to 3 d
                · when steps.find.amount > 500
        refund  after ask
                payment_refund@1.0.0 (may have an effect; input proven)
                · pivot: from here on the saga only goes forward
                · if its outcome is unknown: retry"
    `)
  })

  test("keeps each line a line, whatever is written", () => {
    const when = "input.a ==\n 1"
    const { length } = describePlan(
      planOf({
        spec: { pipeline: { steps: [{ id: "a", operation: { tool: { name: "x" } }, when }] } },
      }),
    )
      .join("\n")
      .split("\n")
    expect(length).toBe(4)
  })
})

describe("A plan as a diagram", () => {
  test("has an arrow for each edge, and dotted ones for what happens when a step fails", () => {
    expect(drawPlan(planOf(example("place-order"))).join("\n")).toMatchInlineSnapshot(`
      "flowchart TD
        %% place_order@1.0.0
        n1["reserve<br/>inventory_reserve@1.0.0<br/>within 5 s"]
        n2["inventory_release@1.0.0"]
        n1 -. undo .-> n2
        n3["charge<br/>payment_charge@1.0.0<br/>up to 3 attempts, from 200 ms on"]
        n4["payment_refund@1.0.0"]
        n3 -. undo .-> n4
        n5["ship (pivot)<br/>shipping_create@1.0.0"]
        n6["notify<br/>send_notification@1.0.0<br/>on any error: a value instead"]
        n1 -->|proven| n3
        n3 -->|proven| n5
        n5 -->|proven| n6"
    `)
  })

  test("draws what is inside of a step", () => {
    expect(drawPlan(planOf(example("crm-core"))).join("\n")).toMatchInlineSnapshot(`
      "flowchart TD
        %% crm@1.0.0
        subgraph n1 ["main<br/>a pipeline<br/>on circuitOpen: a value instead<br/>breaker crm: 5 failures in 1 min"]
          n2["inner<br/>crm_lookup@1.0.0<br/>up to 3 attempts, from 100 ms on"]
        end"
    `)
  })

  test("shows names as they are and never as a part of the diagram", () => {
    const spec = {
      pipeline: {
        steps: [{ id: "a", operation: { tool: { name: "x" } }, when: 'input.a == "]; click <b>"' }],
      },
    }
    expect(drawPlan(planOf({ spec }))[2]).toBe(
      '  n1["a<br/>x@1.0.0<br/>when input.a == #34;]#59; click #60;b#62;#34;"]',
    )
  })
})

import type { Ref } from "../../registry/model.ts"
import type { Fit } from "../../registry/pins/drift.ts"
import type { FieldChange } from "../../registry/pins/field-diff.ts"
import type { HiddenText } from "../../registry/pins/hidden-text.ts"

/** What an import does to a registry, for the person who is asked. */
export type Change =
  | {
      readonly kind: "server_added"
      readonly server: Ref
      readonly tools: number
      /** In what it says of itself: that is not pinned. */
      readonly hidden: readonly HiddenText[]
    }
  /** The address now has another version of the server, which takes the place of the old one. */
  | { readonly kind: "server_moved"; readonly server: Ref; readonly from: string }
  /** What a server says of itself: its name, its instructions for models. */
  | {
      readonly kind: "words_changed"
      readonly server: Ref
      readonly fields: readonly FieldChange[]
      /** In the new words: they are not pinned. */
      readonly hidden: readonly HiddenText[]
    }
  | ToolAdded
  | DefinitionChanged
  | ToolGone
  /** A skeleton, or an agent named on purpose, may call `tools` more tools. */
  | {
      readonly kind: "agent_added" | "agent_extended"
      readonly agent: Ref
      readonly tools: number
      /** More than one agent may depend on. */
      readonly left: number
    }

export interface ToolAdded {
  readonly kind: "tool_added"
  readonly server: Ref
  /** The name under which it is registered, and the server's own. */
  readonly tool: Ref
  readonly on: string
  /** Text that a person would not see: the tool is registered, and no agent is given it. */
  readonly hidden: readonly HiddenText[]
}

export interface DefinitionChanged {
  readonly kind: "definition_changed"
  readonly server: Ref
  readonly on: string
  /** Else the registry had no words of the server that anybody has looked at. */
  readonly isPinned: boolean
  /** The version that the server had when it was pinned and says that it still is. */
  readonly driftOf: string | undefined
  /** From what was pinned, or was in the registry, to what the server says. */
  readonly fields: readonly FieldChange[]
  /** Whether who keeps to the old schemas is still served, where a schema changed. */
  readonly fit: Fit | undefined
  /** Members that somebody has written otherwise in the registry, and that stay so. */
  readonly kept: readonly string[]
  /** Text that a person would not see: the new words are not taken. */
  readonly hidden: readonly HiddenText[]
}

export interface ToolGone {
  readonly kind: "tool_gone"
  readonly server: Ref
  readonly on: string
  /** Registered tools that draw on it. */
  readonly tools: readonly Ref[]
  /** A new tool that takes and gives the same, if there is exactly one. */
  readonly perhaps: string | undefined
  readonly isPruned: boolean
}

/** Whether a change touches what was there, and is not made before somebody has seen it. */
export function needsConsent(change: Change): boolean {
  switch (change.kind) {
    case "server_moved":
    case "words_changed":
    case "definition_changed":
      return true
    case "tool_gone":
      return change.isPruned
    case "server_added":
    case "tool_added":
    case "agent_added":
    case "agent_extended":
      return false
  }
}

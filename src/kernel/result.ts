/** An expected outcome that may be a refusal: refusals callers must handle are values, not exceptions. */
export type Result<Value, Refusal> =
  | { readonly type: "ok"; readonly value: Value }
  | { readonly type: "refused"; readonly refusal: Refusal };

export function ok<Value>(value: Value): { readonly type: "ok"; readonly value: Value } {
  return { type: "ok", value };
}

export function refused<Refusal>(refusal: Refusal): { readonly type: "refused"; readonly refusal: Refusal } {
  return { type: "refused", refusal };
}

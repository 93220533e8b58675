import type { Runner } from "#src/worker/computation.ts";

/** Makes of an honest runner one that always answers wrongly, though well-formed: the worker that a market must survive. */
export function lyingRunner(honest: Runner): Runner {
  return async (request, deps) => {
    const outcome = await honest(request, deps);
    if (outcome.type !== "success") return outcome;
    const output = new TextEncoder().encode(`{"made up":true}\n`);
    return { ...outcome, output };
  };
}

import { runGuest } from "#src/worker/runner/guest-run.ts";
import { prepareModule } from "#src/worker/runner/wasm-module.ts";
import { compileApp } from "../../../apps/build.ts";

let built: Promise<Uint8Array> | undefined;

/** The app, compiled from its sources once for all tests of a file. */
export function basketApp(): Promise<Uint8Array> {
  built ??= compileApp("basket-analysis");
  return built;
}

/** Runs the app in this process: quicker than the runner, and the same program and host. */
export async function analyse(csv: string | Uint8Array | null, params: unknown) {
  const prepared = prepareModule(await basketApp(), { maxPages: 2048 });
  if (prepared.type !== "ok") throw new Error(prepared.reason);
  const data = csv === null ? null : Buffer.from(csv);
  return runGuest({
    wasm: prepared.wasm,
    params: Buffer.from(typeof params === "string" ? params : JSON.stringify(params)),
    dataset: data && { size: data.length, readAt: (target, position) => data.copy(target, 0, position) },
    ...{ seed: new Uint8Array(32), memoryBytes: 128 << 20, outputBytes: 1 << 20 },
  });
}

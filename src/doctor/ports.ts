import { createServer } from "node:net";
import { type Finding, ok, warning } from "./finding.ts";

/** Whether a port is free, or one of ours has it. `what` is what is to listen there. */
export async function examinePort(what: string, port: number): Promise<Finding> {
  const check = `port-${what}`;
  if (await isFree(port)) return ok(check, `port ${port} is free`);
  if (await isOurs(what, port)) return ok(check, `the ${what} listens at port ${port}`);
  return warning(
    check,
    `another program listens at port ${port}, where the ${what} would`,
    "Stop it, or choose other ports: `--port` and `--rpc-port` of `hanse up`, HANSE_PORT of a service.",
  );
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return await new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/** Whether what listens there answers as what it should be. */
async function isOurs(what: string, port: number): Promise<boolean> {
  const url = `http://127.0.0.1:${port}`;
  const signal = AbortSignal.timeout(2_000);
  try {
    if (what !== "chain") return (await fetch(`${url}/healthz`, { signal })).ok;
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url, { method: "POST", body, headers, signal });
    return /"result"/.test(await answer.text());
  } catch {
    return false;
  }
}

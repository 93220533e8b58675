import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

export interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** `hang`: never answered. With a status the whole request is answered so. */
export type Fault =
  | Answer
  | "hang"
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

export interface FaultyRpc {
  readonly url: string;
  /** Methods in the order in which they came. */
  readonly calls: string[];
  /** HTTP requests that came. */
  readonly requests: number;
  /** What goes wrong; undefined: nothing. */
  fault: ((call: Call, forward: () => Promise<Answer>) => Promise<Fault> | Fault) | undefined;
  stop(): Promise<void>;
}

/**
 * A real HTTP server before a node, that misbehaves as it is told.
 * @param target the node's URL, or what tells it for each call
 */
export async function startFaultyRpc(target: string | (() => string)): Promise<FaultyRpc> {
  const calls: string[] = [];
  let requests = 0;
  const rpc = { fault: undefined as FaultyRpc["fault"] };

  async function forward(call: Call): Promise<Answer> {
    const body = JSON.stringify({ jsonrpc: "2.0", ...call });
    const headers = { "content-type": "application/json" };
    return (await (
      await fetch(typeof target === "string" ? target : target(), { method: "POST", headers, body })
    ).json()) as Answer;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests++;
    const body = JSON.parse(await text(request)) as Call | Call[];
    const faults = await Promise.all(
      [body].flat().map(async ({ params = [], ...rest }) => {
        const call = { ...rest, params };
        calls.push(call.method);
        const fault =
          rpc.fault === undefined ? await forward(call) : await rpc.fault(call, () => forward(call));
        return { id: call.id, fault };
      }),
    );
    if (faults.some(({ fault }) => fault === "hang")) return;
    for (const { fault } of faults) {
      if (typeof fault === "string" || !("status" in fault)) continue;
      response.writeHead(fault.status, fault.headers).end(fault.body ?? "");
      return;
    }
    const answers = faults.map(({ id, fault }) => ({ ...(fault as Answer), jsonrpc: "2.0", id }));
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify(Array.isArray(body) ? answers : answers[0]));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    get requests() {
      return requests;
    },
    get fault() {
      return rpc.fault;
    },
    set fault(fault) {
      rpc.fault = fault;
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

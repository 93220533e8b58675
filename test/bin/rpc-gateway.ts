import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export const RPC_KEY = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6";
export const QUERY_KEY = "zyxwvutsrqponmlkjihgfedcba98";

/** A provider of nodes: its URL has its keys, and it tells the whole URL when it fails. */
export interface RpcGateway {
  readonly url: string;
  answers: "well" | "refuses";
  stop(): void;
}

export async function startRpcGateway(chainUrl: string): Promise<RpcGateway> {
  const server = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk);
    if (gateway.answers === "refuses") {
      response.writeHead(500).end(`failed: ${gateway.url} ${request.url} ${request.headers.authorization}`);
      return;
    }
    const headers = { "content-type": "application/json" };
    const answer = await fetch(chainUrl, { method: "POST", headers, body: Buffer.concat(body) });
    response.writeHead(answer.status, headers).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const gateway: RpcGateway = {
    url: `http://127.0.0.1:${port}/v3/${RPC_KEY}?apikey=${QUERY_KEY}`,
    answers: "well",
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
  return gateway;
}

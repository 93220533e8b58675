import { once } from "node:events";
import { createServer } from "node:net";

/** A TCP port that is free on loopback now. Another program may take it the next moment: be ready to ask again. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

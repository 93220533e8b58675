import { createServer } from "node:net";
import { HanseError } from "#src/kernel/errors.ts";

/**
 * For programs that are not ours and tell badly that their port is taken.
 * @throws HANSE_PORT_IN_USE
 */
export async function assertPortFree(port: number, host = "127.0.0.1"): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === "EADDRINUSE"
          ? new HanseError("HANSE_PORT_IN_USE", `port ${port} is in use`, { cause, details: { port } })
          : cause,
      ),
    );
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";

export interface ListenOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Loopback unless told: reaching the outside is a decision. */
  readonly host?: string;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Base URL without a trailing slash. */
  readonly url: string;
}

/** The part of a server that listens. */
interface Listener {
  listen(options: { host: string; port: number }): Promise<string>;
  readonly server: { address(): unknown };
}

/**
 * Starts to listen.
 * @throws HanseError HANSE_PORT_IN_USE naming the port; HANSE_CONFIG_INVALID for a privileged port or foreign address
 */
export async function listen(
  server: Listener,
  { port, host = "127.0.0.1" }: ListenOptions,
): Promise<Listening> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    throw listenError(error, host, port);
  }
  const address = server.server.address() as { port: number } | null;
  const actual = address?.port ?? port;
  return { host, port: actual, url: `http://${host.includes(":") ? `[${host}]` : host}:${actual}` };
}

function listenError(error: unknown, host: string, port: number): HanseError {
  const details = { host, port };
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return new HanseError("HANSE_PORT_IN_USE", `Port ${port} on ${host} is already in use`, {
        cause: error,
        details,
      });
    case "EACCES":
      return new HanseError("HANSE_CONFIG_INVALID", `This user may not listen on port ${port}`, {
        cause: error,
        details,
        hint: "Choose a port of 1024 or above.",
      });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new HanseError("HANSE_CONFIG_INVALID", `${host} is no address of this machine`, {
        cause: error,
        details,
        hint: "Use 127.0.0.1 for this machine only, or 0.0.0.0 for every interface.",
      });
    default:
      return fromSystemError(error);
  }
}

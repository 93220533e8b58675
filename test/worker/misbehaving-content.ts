import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How a source of content behaves, request by request; the last goes on for ever. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

const STEP = 4_096;

function rangeOf(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
}

function begin(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): Uint8Array {
  const from = rangeOf(request);
  const rest = bytes.subarray(from);
  if (from === 0) response.writeHead(200, { "content-length": bytes.length, "accept-ranges": "bytes" });
  else {
    response.writeHead(206, {
      "content-length": rest.length,
      "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    });
  }
  return rest;
}

/** As the standard has it: what was asked for, from where it was asked for. */
export function sends(bytes: Uint8Array): Behaviour {
  return (request, response) => {
    if (rangeOf(request) >= bytes.length && bytes.length > 0) {
      response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    } else response.end(begin(request, response, bytes));
  };
}

/** Knows no ranges. */
export function sendsAllOf(bytes: Uint8Array): Behaviour {
  return (_request, response) => void response.end(bytes);
}

/** Says that there is more, and hangs up. */
export function breaksOffAfter(count: number, bytes: Uint8Array): Behaviour {
  return (request, response) => {
    const rest = begin(request, response, bytes);
    response.write(rest.subarray(0, count), () => setTimeout(() => response.destroy(), 100));
  };
}

/** Sends `count` bytes, and then nothing, for ever. */
export function fallsSilentAfter(count: number, bytes: Uint8Array): Behaviour {
  return (request, response) => void response.write(begin(request, response, bytes).subarray(0, count));
}

/** Sends a byte now and then. */
export function drips(bytes: Uint8Array, everyMs: number): Behaviour {
  return (request, response) => {
    const rest = begin(request, response, bytes);
    let at = 0;
    const timer = setInterval(() => response.write(rest.subarray(at, ++at)), everyMs);
    response.once("close", () => clearInterval(timer));
  };
}

/** Never ends, and does not say how long it is. */
export function neverEnds(): Behaviour {
  return (_request, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(Buffer.alloc(STEP, 7)), 1);
    response.once("close", () => clearInterval(timer));
  };
}

/** Sends the right length from another place than was asked for. */
export function sendsAnotherRange(bytes: Uint8Array): Behaviour {
  return (request, response) => {
    const from = Math.max(rangeOf(request) - 1, 0);
    response.writeHead(206, { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
    response.end(bytes.subarray(from));
  };
}

export function answers(status: number, headers: Record<string, string> = {}): Behaviour {
  return (_request, response) => void response.writeHead(status, headers).end();
}

/** A server of content that does what each of its sources was told to do, on a port of its own. */
export async function startMisbehaving() {
  const sources = new Map<string, Behaviour[]>();
  /** `source range` of each request. */
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const name = request.url?.split("/")[1] ?? "";
    asked.push(`${name} ${request.headers.range ?? "all"}`);
    const behaviours = sources.get(name) ?? [answers(404)];
    const [now = answers(404)] = behaviours.length > 1 ? behaviours.splice(0, 1) : behaviours;
    now(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    /** @returns the base URL of a source that behaves like this */
    source(name: string, ...behaviours: Behaviour[]): string {
      sources.set(name, behaviours);
      return `${url}/${name}`;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

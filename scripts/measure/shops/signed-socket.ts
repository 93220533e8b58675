import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { signRequest } from "#src/identity/http-signature.ts";
import type { ShopKey } from "#src/identity/shop-key.ts";

export interface SocketRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path and query. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface SocketAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From the first byte sent to the last one received. */
  readonly milliseconds: number;
}

/**
 * One client that is connected to a shop, with requests that are signed before they are sent: what is measured is the shop,
 * not how a client library does.
 */
export interface SignedSocket {
  prepare(request: SocketRequest): Promise<Buffer>;
  send(prepared: Buffer): Promise<SocketAnswer>;
  close(): void;
}

/** @param shop its URL, http */
export async function openSignedSocket(
  { code, url }: { readonly code: string; readonly url: string },
  signer: { readonly code: string; readonly key: ShopKey },
): Promise<SignedSocket> {
  const { hostname, port, host } = new URL(url);
  const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, "connect");
  return {
    async prepare({ method, target, headers = {}, body }) {
      const text = body === undefined ? "" : JSON.stringify(body);
      const own: Record<string, string> = {
        ...(text === "" ? {} : { "content-type": "application/json" }),
        ...headers,
      };
      const signed = await signRequest(
        { method, url: `${url}${target}`, headers: own, ...(text === "" ? {} : { body: text }) },
        signer,
        code,
      );
      const lines = Object.entries({ host, ...own, ...signed }).map(([name, value]) => `${name}: ${value}`);
      const length = text === "" ? [] : [`content-length: ${Buffer.byteLength(text)}`];
      return Buffer.from(
        `${[`${method} ${target} HTTP/1.1`, ...lines, ...length].join("\r\n")}\r\n\r\n${text}`,
      );
    },

    send(prepared) {
      const { promise, resolve, reject } = Promise.withResolvers<SocketAnswer>();
      const begun = performance.now();
      let received = Buffer.alloc(0);
      const onData = (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        const answer = parse(received);
        if (answer === undefined) return;
        release();
        resolve({ ...answer, milliseconds: performance.now() - begun });
      };
      const onEnd = () => {
        release();
        reject(new Error("the shop closed the connection"));
      };
      const release = () => {
        socket.off("data", onData).off("close", onEnd).off("error", onEnd);
      };
      socket.on("data", onData).on("close", onEnd).on("error", onEnd);
      socket.write(prepared);
      return promise;
    },

    close: () => socket.destroy(),
  };
}

/** @returns undefined while it is not whole. Our servers tell the length of what they answer. */
function parse(bytes: Buffer): Omit<SocketAnswer, "milliseconds"> | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
  const status = Number(first.split(" ")[1]);
  const length = status === 304 ? 0 : Number(headers["content-length"] ?? 0);
  const body = bytes.subarray(end + 4);
  return body.length < length ? undefined : { status, headers, body: body.toString("utf8", 0, length) };
}

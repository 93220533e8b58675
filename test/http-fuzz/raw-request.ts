import { connect } from "node:net";

export interface RawRequest {
  readonly method: string;
  /** As it goes over the wire; bytes beyond ASCII are sent as they are. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** What Content-Length claims; that of the body unless told. */
  readonly claimedLength?: number;
}

export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Sends a request without any client's help, for a client would refuse to write most of what is of interest here.
 * @throws when no answer comes
 */
export function sendRaw(url: string, request: RawRequest, timeoutMs = 20_000): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const { method, path, body, headers = {} } = request;
  const length = request.claimedLength ?? body?.length;
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    "Connection: close",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(length === undefined ? [] : [`Content-Length: ${length}`]),
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    const finish = () => {
      const answer = parse(Buffer.concat(chunks).toString());
      if (answer === undefined) reject(new Error(`no answer to ${method} ${path.slice(0, 200)}`));
      else resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error("timed out")));
    socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
    // Who refuses a body may close before it has read it all: what it answered counts.
    socket.on("error", finish);
    socket.on("close", finish);
    socket.write(
      Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body ?? Buffer.alloc(0)]),
    );
  });
}

function parse(text: string): RawAnswer | undefined {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
  if (status === undefined) return undefined;
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const body = rest.join("\r\n\r\n");
  return { status: Number(status), body: /transfer-encoding: chunked/i.test(head) ? unchunked(body) : body };
}

function unchunked(text: string): string {
  let [rest, whole] = [Buffer.from(text), ""];
  for (;;) {
    const end = rest.indexOf("\r\n");
    const size = Number.parseInt(rest.subarray(0, end).toString(), 16);
    if (end < 0 || !(size > 0)) return whole;
    whole += rest.subarray(end + 2, end + 2 + size).toString();
    rest = rest.subarray(end + 4 + size);
  }
}

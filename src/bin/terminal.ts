import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { HanseError } from "#src/kernel/errors.ts";

/** Where questions are asked; the process's own, unless told. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/**
 * Asks the person at the terminal. What is typed is not shown where it is secret.
 * @returns undefined where nobody is there to ask
 * @throws HANSE_INTERRUPTED on Ctrl-C and on the end of the input
 */
export async function askAtTerminal(
  question: string,
  options: { readonly secret?: boolean } = {},
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<string | undefined> {
  if (input.isTTY !== true) return undefined;
  const { secret = false } = options;
  let muted = false;
  // The line editor echoes: where it must not, its output is swallowed once the question stands there.
  const shown = new Writable({
    write(chunk, _encoding, done) {
      if (!muted) output.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input, output: shown, terminal: true, historySize: 0 });
  const interrupted = new AbortController();
  lines.once("SIGINT", () => interrupted.abort());
  lines.once("close", () => interrupted.abort());
  try {
    const answered = lines.question(question, { signal: interrupted.signal });
    muted = secret;
    return await answered;
  } catch (error) {
    throw interrupted.signal.aborted ? new HanseError("HANSE_INTERRUPTED", "nothing was answered") : error;
  } finally {
    lines.removeAllListeners("close");
    lines.close();
    if (secret) output.write("\n");
  }
}

/** All of standard input, at most 1 MiB: it is an order. @throws HANSE_REQUEST_TOO_LARGE */
export async function readStandardInput(
  input: AsyncIterable<Buffer | string> = process.stdin,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > 2 ** 20)
      throw new HanseError("HANSE_REQUEST_TOO_LARGE", "standard input is larger than 1 MiB");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

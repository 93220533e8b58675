/**
 * Calls `release` once when the stream was read, failed or was left. An iterator and no generator: one that is left before
 * it began has to release too.
 */
export function releasingStream(
  stream: AsyncIterable<Uint8Array>,
  release: () => void,
): AsyncIterable<Uint8Array> {
  const inner = stream[Symbol.asyncIterator]();
  let released = false;
  const over = () => {
    if (!released) release();
    released = true;
  };
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      try {
        const step = await inner.next();
        if (step.done) over();
        return step;
      } catch (error) {
        over();
        throw error;
      }
    },
    async return() {
      try {
        await inner.return?.();
      } finally {
        over();
      }
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

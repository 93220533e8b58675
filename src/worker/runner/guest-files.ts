/** A file as the program sees it, whole or in parts; positions are whole numbers below 2^53. */
export type GuestFile = {
  readonly size: number;
  /** Copies what there is from `position` into `target`; returns how many bytes, 0 at the end. */
  read(target: Uint8Array, position: number): number;
  /** Absent on inputs. */
  write?(source: Uint8Array, position: number): void;
  truncate?(): void;
};

export function createBytesFile(bytes: Uint8Array): GuestFile {
  return {
    size: bytes.length,
    read(target, position) {
      const part = bytes.subarray(position, position + target.length);
      target.set(part);
      return part.length;
    },
  };
}

/**
 * A file behind `readAt` (as `fs.readSync` at a position) whose size is already known.
 * A shorter read than promised means that the file changed meanwhile: `broken` is called, and has to throw.
 */
export function createHostFile(
  size: number,
  readAt: (target: Uint8Array, position: number) => number,
  broken: (cause: unknown) => never,
): GuestFile {
  return {
    size,
    read(target, position) {
      const length = Math.max(0, Math.min(target.length, size - position));
      let done = 0;
      while (done < length) {
        let read: number;
        try {
          read = readAt(target.subarray(done, length), position + done);
        } catch (cause) {
          broken(cause);
        }
        if (read === 0) broken(new Error(`ended at byte ${position + done} of ${size}`));
        done += read;
      }
      return done;
    },
  };
}

/** The one file a program may write. `exceeded` is called at the first byte above `limit`, and has to throw. */
export function createResultFile(
  limit: number,
  exceeded: () => never,
): Required<GuestFile> & { bytes(): Uint8Array } {
  let buffer = new Uint8Array(0);
  let size = 0;
  return {
    get size() {
      return size;
    },
    read(target, position) {
      const part = buffer.subarray(Math.min(position, size), Math.min(position + target.length, size));
      target.set(part);
      return part.length;
    },
    write(source, position) {
      // POSIX: writing nothing, even far behind the end, changes nothing.
      if (source.length === 0) return;
      const end = position + source.length;
      if (end > limit) exceeded();
      if (end > buffer.length) {
        const grown = new Uint8Array(Math.min(limit, Math.max(end, buffer.length * 2, 4096)));
        grown.set(buffer.subarray(0, size));
        buffer = grown;
      }
      buffer.set(source, position);
      size = Math.max(size, end);
    },
    truncate() {
      buffer.fill(0, 0, size);
      size = 0;
    },
    bytes: () => buffer.slice(0, size),
  };
}

import type { GuestFile } from "./guest-files.ts";
import type { WasiFunctionName } from "./wasi-signatures.ts";

export type WasiHostOptions = {
  /** Files of `/in` by name, read only. */
  inputs: Map<string, GuestFile>;
  /** `/out/result`, the one file that can be written. */
  result: GuestFile;
  /** What every clock shows, in nanoseconds since 1970. */
  clockNanoseconds: bigint;
  random: (target: Uint8Array) => void;
  /** Called by proc_exit; has to throw. */
  exit: (code: number) => never;
  /** Takes what is written to standard output and error. */
  print: (bytes: Uint8Array) => void;
  /** Gets whatever else is thrown during a call, from `exit` and files too; has to throw. */
  broken: (error: unknown) => never;
};

export type WasiFunctions = Record<WasiFunctionName, (...values: never[]) => number>;

type Open =
  | { type: "stream"; fd: number }
  | { type: "folder"; path: "/in" | "/out" }
  | { type: "file"; file: GuestFile; position: number; append: boolean };

const errno = {
  ...{ success: 0, acces: 2, badf: 8, exist: 20, fault: 21, inval: 28, isdir: 31, mfile: 33 },
  ...{ noent: 44, notdir: 54, overflow: 61, rofs: 69, spipe: 70, notcapable: 76 },
} as const;

const filetype = { character: 2, directory: 3, regular: 4 } as const;
const oflag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const APPEND = 1;
const ALL_RIGHTS = 0x1fffffffn;
const MAX_OPEN = 64;
const MAX_POSITION = 2n ** 53n - 1n;

/** Thrown within a call when the program names memory it does not have; the call then answers EFAULT. */
class BadAddress extends Error {}
/** Thrown within a call to answer an error number. */
class Refusal extends Error {
  readonly errno: number;
  constructor(value: number) {
    super();
    this.errno = value;
  }
}

/**
 * WASI preview 1 over files that exist in memory only. The program never reaches the file system: node:wasi, whose grant
 * (`--allow-wasi`) suspends Node's permission model, is not used. Nothing of the machine shows: not its clock, randomness,
 * inode numbers, timestamps or error conditions such as a full disk.
 *
 * `memory` is asked at every call, since growing replaces the buffer.
 */
export function createWasiHost(options: WasiHostOptions, memory: () => WebAssembly.Memory): WasiFunctions {
  const { inputs, result, random, exit, print } = options;
  let resultExists = false;
  const open = new Map<number, Open>([
    [0, { type: "stream", fd: 0 }],
    [1, { type: "stream", fd: 1 }],
    [2, { type: "stream", fd: 2 }],
    [3, { type: "folder", path: "/in" }],
    [4, { type: "folder", path: "/out" }],
  ]);

  function span(pointer: number, length: number): Uint8Array {
    const start = pointer >>> 0;
    const end = start + (length >>> 0);
    const { buffer } = memory();
    if (end > buffer.byteLength) throw new BadAddress();
    return new Uint8Array(buffer, start, end - start);
  }

  function view(pointer: number, length: number): DataView {
    const bytes = span(pointer, length);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  const put32 = (pointer: number, value: number) => view(pointer, 4).setUint32(0, value, true);
  const put64 = (pointer: number, value: bigint) => view(pointer, 8).setBigUint64(0, value, true);

  function entry(fd: number): Open {
    const found = open.get(fd);
    if (found === undefined) throw new Refusal(errno.badf);
    return found;
  }

  function fileAt(fd: number): Extract<Open, { type: "file" }> {
    const found = entry(fd);
    if (found.type === "folder") throw new Refusal(errno.isdir);
    if (found.type === "stream") throw new Refusal(errno.spipe);
    return found;
  }

  /** Calls `step` with each buffer of an iovec list until one is not used up; the sum is stored at `total`. */
  function eachBuffer(
    iovs: number,
    count: number,
    total: number,
    step: (buffer: Uint8Array) => number,
  ): number {
    let sum = 0;
    for (let index = 0; index < count >>> 0; index++) {
      const iov = view((iovs >>> 0) + index * 8, 8);
      const buffer = span(iov.getUint32(0, true), iov.getUint32(4, true));
      const done = step(buffer);
      sum += done;
      if (done < buffer.length) break;
    }
    put32(total, sum);
    return errno.success;
  }

  function position(value: bigint): number {
    if (value < 0n || value > MAX_POSITION) throw new Refusal(errno.inval);
    return Number(value);
  }

  /** Resolves a path below a preopened folder: `null` is the folder itself. There are no folders below, and no way up. */
  function resolve(
    fd: number,
    pointer: number,
    length: number,
  ): { folder: "/in" | "/out"; name: string | null } {
    const found = entry(fd);
    if (found.type !== "folder") throw new Refusal(errno.notdir);
    const path = new TextDecoder().decode(span(pointer, length));
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (path.startsWith("/") || parts.includes("..")) throw new Refusal(errno.notcapable);
    const [name = null, ...below] = parts;
    if (below.length > 0) throw new Refusal(lookUp(found.path, name ?? "") ? errno.notdir : errno.noent);
    return { folder: found.path, name };
  }

  function lookUp(folder: "/in" | "/out", name: string): GuestFile | undefined {
    if (folder === "/in") return inputs.get(name);
    return name === "result" && resultExists ? result : undefined;
  }

  /** What a folder holds, in the order of the names' bytes: the same on every machine. */
  function listing(folder: "/in" | "/out"): { readonly name: string; readonly type: number }[] {
    const names = folder === "/in" ? [...inputs.keys()].sort() : resultExists ? ["result"] : [];
    return [
      ...[".", ".."].map((name) => ({ name, type: filetype.directory })),
      ...names.map((name) => ({ name, type: filetype.regular })),
    ];
  }

  function putFilestat(pointer: number, type: number, size: number): number {
    span(pointer, 64).fill(0);
    const stat = view(pointer, 64);
    stat.setUint8(16, type);
    stat.setBigUint64(24, 1n, true);
    stat.setBigUint64(32, BigInt(size), true);
    return errno.success;
  }

  function openFile(folder: "/in" | "/out", name: string, oflags: number): GuestFile {
    const file = lookUp(folder, name);
    if (file === undefined) {
      if (!(oflags & oflag.create)) throw new Refusal(errno.noent);
      if (folder === "/in") throw new Refusal(errno.rofs);
      if (name !== "result") throw new Refusal(errno.acces);
      resultExists = true;
      return result;
    }
    if (oflags & oflag.directory) throw new Refusal(errno.notdir);
    if (oflags & oflag.create && oflags & oflag.exclusive) throw new Refusal(errno.exist);
    if (oflags & oflag.truncate) {
      if (file.truncate === undefined) throw new Refusal(errno.rofs);
      file.truncate();
    }
    return file;
  }

  const clockId = (id: number) => {
    if (id >>> 0 > 3) throw new Refusal(errno.inval);
  };

  const done = () => errno.success;
  const known = (fd: number) => {
    entry(fd);
    return errno.success;
  };

  const functions = {
    args_sizes_get(count: number, size: number) {
      put32(count, 1);
      put32(size, 4);
      return errno.success;
    },
    args_get(pointers: number, text: number) {
      put32(pointers, text);
      span(text, 4).set([0x61, 0x70, 0x70, 0]); // "app"
      return errno.success;
    },
    environ_sizes_get(count: number, size: number) {
      put32(count, 0);
      put32(size, 0);
      return errno.success;
    },
    environ_get: done,
    clock_res_get(id: number, pointer: number) {
      clockId(id);
      put64(pointer, 1_000_000n);
      return errno.success;
    },
    clock_time_get(id: number, _precision: bigint, pointer: number) {
      clockId(id);
      put64(pointer, options.clockNanoseconds);
      return errno.success;
    },
    random_get(pointer: number, length: number) {
      random(span(pointer, length));
      return errno.success;
    },
    sched_yield: done,
    proc_exit: (code: number) => exit(code >>> 0),

    fd_advise: known,
    fd_datasync: known,
    fd_sync: known,
    fd_fdstat_set_flags: known,
    fd_close(fd: number) {
      entry(fd);
      open.delete(fd);
      return errno.success;
    },
    fd_fdstat_get(fd: number, pointer: number) {
      const found = entry(fd);
      span(pointer, 24).fill(0);
      const stat = view(pointer, 24);
      stat.setUint8(
        0,
        { stream: filetype.character, folder: filetype.directory, file: filetype.regular }[found.type],
      );
      stat.setUint16(2, found.type === "file" && found.append ? APPEND : 0, true);
      stat.setBigUint64(8, ALL_RIGHTS, true);
      stat.setBigUint64(16, ALL_RIGHTS, true);
      return errno.success;
    },
    fd_filestat_get(fd: number, pointer: number) {
      const found = entry(fd);
      if (found.type === "file") return putFilestat(pointer, filetype.regular, found.file.size);
      return putFilestat(pointer, found.type === "folder" ? filetype.directory : filetype.character, 0);
    },
    fd_prestat_get(fd: number, pointer: number) {
      const found = entry(fd);
      if (found.type !== "folder" || fd > 4) throw new Refusal(errno.badf);
      put32(pointer, 0);
      put32(pointer + 4, found.path.length);
      return errno.success;
    },
    fd_prestat_dir_name(fd: number, pointer: number, length: number) {
      const found = entry(fd);
      if (found.type !== "folder" || fd > 4) throw new Refusal(errno.badf);
      if (length >>> 0 < found.path.length) throw new Refusal(errno.inval);
      span(pointer, found.path.length).set(new TextEncoder().encode(found.path));
      return errno.success;
    },
    fd_read(fd: number, iovs: number, count: number, total: number) {
      const found = entry(fd);
      // Standard input is empty.
      if (found.type === "stream" && found.fd === 0) return eachBuffer(iovs, 0, total, () => 0);
      if (found.type !== "file") throw new Refusal(found.type === "folder" ? errno.isdir : errno.badf);
      return eachBuffer(iovs, count, total, (buffer) => {
        const read = found.file.read(buffer, found.position);
        found.position += read;
        return read;
      });
    },
    fd_readdir(fd: number, pointer: number, length: number, cookie: bigint, used: number) {
      const found = entry(fd);
      if (found.type !== "folder") throw new Refusal(errno.notdir);
      const target = span(pointer, length);
      let done = 0;
      for (const [index, listed] of listing(found.path).entries()) {
        if (BigInt(index) < BigInt.asUintN(64, cookie)) continue;
        const bytes = directoryEntry(listed, index + 1);
        const part = bytes.subarray(0, target.length - done);
        target.set(part, done);
        done += part.length;
      }
      // A full buffer says that there may be more; the last entry in it may be cut off.
      put32(used, done);
      return errno.success;
    },
    fd_pread(fd: number, iovs: number, count: number, offset: bigint, total: number) {
      const { file } = fileAt(fd);
      let at = position(offset);
      return eachBuffer(iovs, count, total, (buffer) => {
        const read = file.read(buffer, at);
        at += read;
        return read;
      });
    },
    fd_write(fd: number, iovs: number, count: number, total: number) {
      const found = entry(fd);
      if (found.type === "folder" || (found.type === "stream" && found.fd === 0))
        throw new Refusal(errno.badf);
      if (found.type === "stream") {
        return eachBuffer(iovs, count, total, (buffer) => {
          print(buffer);
          return buffer.length;
        });
      }
      if (found.file.write === undefined) throw new Refusal(errno.badf);
      if (found.append) found.position = found.file.size;
      return eachBuffer(iovs, count, total, (buffer) => {
        found.file.write?.(buffer, found.position);
        found.position += buffer.length;
        return buffer.length;
      });
    },
    fd_pwrite(fd: number, iovs: number, count: number, offset: bigint, total: number) {
      const { file } = fileAt(fd);
      if (file.write === undefined) throw new Refusal(errno.badf);
      let at = position(offset);
      return eachBuffer(iovs, count, total, (buffer) => {
        file.write?.(buffer, at);
        at += buffer.length;
        return buffer.length;
      });
    },
    fd_seek(fd: number, offset: bigint, whence: number, pointer: number) {
      const found = fileAt(fd);
      const base = [0, found.position, found.file.size][whence];
      if (base === undefined) throw new Refusal(errno.inval);
      found.position = position(BigInt(base) + offset);
      put64(pointer, BigInt(found.position));
      return errno.success;
    },
    fd_tell(fd: number, pointer: number) {
      put64(pointer, BigInt(fileAt(fd).position));
      return errno.success;
    },
    path_filestat_get(fd: number, _flags: number, path: number, length: number, pointer: number) {
      const { folder, name } = resolve(fd, path, length);
      if (name === null) return putFilestat(pointer, filetype.directory, 0);
      const file = lookUp(folder, name);
      if (file === undefined) throw new Refusal(errno.noent);
      return putFilestat(pointer, filetype.regular, file.size);
    },
    path_open(
      ...[fd, , path, length, oflags, , , fdflags, pointer]: [
        ...[number, number, number, number, number],
        ...[bigint, bigint, number, number],
      ]
    ) {
      const { folder, name } = resolve(fd, path, length);
      // Checked before anything is created or truncated.
      span(pointer, 4);
      if (open.size >= MAX_OPEN) throw new Refusal(errno.mfile);
      let opened: Open;
      if (name === null) {
        if (oflags & ~oflag.directory) throw new Refusal(errno.isdir);
        opened = { type: "folder", path: folder };
      } else {
        opened = {
          type: "file",
          file: openFile(folder, name, oflags),
          position: 0,
          append: (fdflags & APPEND) !== 0,
        };
      }
      let next = 5;
      while (open.has(next)) next++;
      open.set(next, opened);
      put32(pointer, next);
      return errno.success;
    },
  };
  return answerRefusals(functions, options.broken);
}

/** A `dirent` and its name: where the next one is found, no inode, the name's length, the type. */
function directoryEntry(
  { name, type }: { readonly name: string; readonly type: number },
  next: number,
): Uint8Array {
  const text = new TextEncoder().encode(name);
  const bytes = new Uint8Array(24 + text.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(next), true);
  view.setUint32(16, text.length, true);
  view.setUint8(20, type);
  bytes.set(text, 24);
  return bytes;
}

/** Turns what the functions throw for the program's sake into error numbers; all else goes to `broken`. */
function answerRefusals(functions: WasiFunctions, broken: (error: unknown) => never): WasiFunctions {
  const guarded = Object.entries(functions).map(([name, call]) => [
    name,
    (...values: never[]): number => {
      try {
        return call(...values);
      } catch (error) {
        if (error instanceof BadAddress) return errno.fault;
        if (error instanceof Refusal) return error.errno;
        return broken(error);
      }
    },
  ]);
  return Object.fromEntries(guarded) as WasiFunctions;
}

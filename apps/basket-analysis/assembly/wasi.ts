// The few WASI calls this program needs. Declared here, because the shim only covers the standard streams.

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "path_open")
declare function path_open(dir: u32, lookup: u32, path: usize, length: usize, oflags: u32, rights: u64, inherit: u64, fdflags: u32, fd: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_filestat_get")
declare function fd_filestat_get(fd: u32, stat: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: u32, iovs: usize, count: usize, read: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: u32, iovs: usize, count: usize, written: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_close")
declare function fd_close(fd: u32): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "proc_exit")
declare function proc_exit(code: u32): void;

/** The runner preopens `/in` first and `/out` second. */
const IN: u32 = 3;
const OUT: u32 = 4;
const CREATE_AND_TRUNCATE: u32 = 1 | 8;
const RIGHT_READ: u64 = 1 << 1;
const RIGHT_WRITE: u64 = 1 << 6;
const RIGHT_STAT: u64 = 1 << 21;

// One iovec (pointer, length), one out value, one filestat (64 bytes).
const iovec = memory.data(8, 8);
const outValue = memory.data(8, 8);
const stat = memory.data(64, 8);

export function exit(code: u32): void {
  proc_exit(code);
  unreachable();
}

function open(dir: u32, name: string, oflags: u32, rights: u64): i32 {
  const path = String.UTF8.encode(name);
  if (path_open(dir, 0, changetype<usize>(path), path.byteLength, oflags, rights, 0, 0, outValue) != 0) return -1;
  return load<i32>(outValue);
}

/** The whole of `/in/<name>`; exits with `missing` when it is not there, with `tooLarge` above `limit` bytes. */
export function readInput(name: string, limit: i32, missing: u32, tooLarge: u32): StaticArray<u8> {
  const fd = open(IN, name, 0, RIGHT_READ | RIGHT_STAT);
  if (fd < 0) exit(missing);
  if (fd_filestat_get(fd, stat) != 0) exit(missing);
  const size = load<u64>(stat, 32);
  if (size > <u64>limit) exit(tooLarge);
  const bytes = new StaticArray<u8>(<i32>size);
  let at: usize = 0;
  while (at < <usize>size) {
    store<u32>(iovec, changetype<usize>(bytes) + at);
    store<u32>(iovec, <usize>size - at, 4);
    if (fd_read(fd, iovec, 1, outValue) != 0) exit(missing);
    const read = load<u32>(outValue);
    if (read == 0) exit(missing);
    at += read;
  }
  fd_close(fd);
  return bytes;
}

/** Writes `/out/result`. */
export function writeResult(bytes: usize, length: i32, failed: u32): void {
  const fd = open(OUT, "result", CREATE_AND_TRUNCATE, RIGHT_WRITE);
  if (fd < 0) exit(failed);
  let at: usize = 0;
  while (at < <usize>length) {
    store<u32>(iovec, bytes + at);
    store<u32>(iovec, <usize>length - at, 4);
    if (fd_write(fd, iovec, 1, outValue) != 0) exit(failed);
    const written = load<u32>(outValue);
    if (written == 0) exit(failed);
    at += written;
  }
  fd_close(fd);
}

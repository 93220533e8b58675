/**
 * The functions of wasi_snapshot_preview1 a program may import, each with its type (`i` i32, `l` i64; parameters > results).
 * Left out on purpose: sockets and polling (no network, no waiting), links, renames, deletions and timestamps (nothing to do
 * that to).
 */
export const wasiSignatures = {
  args_get: "ii>i",
  args_sizes_get: "ii>i",
  clock_res_get: "ii>i",
  clock_time_get: "ili>i",
  environ_get: "ii>i",
  environ_sizes_get: "ii>i",
  fd_advise: "illi>i",
  fd_close: "i>i",
  fd_datasync: "i>i",
  fd_fdstat_get: "ii>i",
  fd_fdstat_set_flags: "ii>i",
  fd_filestat_get: "ii>i",
  fd_pread: "iiili>i",
  fd_prestat_dir_name: "iii>i",
  fd_prestat_get: "ii>i",
  fd_pwrite: "iiili>i",
  fd_read: "iiii>i",
  fd_readdir: "iiili>i",
  fd_seek: "ilii>i",
  fd_sync: "i>i",
  fd_tell: "ii>i",
  fd_write: "iiii>i",
  path_filestat_get: "iiiii>i",
  path_open: "iiiiillii>i",
  proc_exit: "i>",
  random_get: "ii>i",
  sched_yield: ">i",
} as const;

export type WasiFunctionName = keyof typeof wasiSignatures;

export function isWasiFunction(name: string): name is WasiFunctionName {
  return Object.hasOwn(wasiSignatures, name);
}

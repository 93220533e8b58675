import { join } from "node:path";

/**
 * Where Node.js keeps what it has compiled: half of the time in which a process starts. It checks each entry against its
 * source, so it may be removed at any time, and where it cannot be written everything goes on without it.
 */
export const COMPILE_CACHE_DIR = join(import.meta.dirname, "../../.hanse/compile-cache");

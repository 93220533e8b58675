/** What an OpenAPI document names for others to point to. */
interface Components {
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

const PLACE = "#/components/schemas/";

/**
 * The document with those of its named schemas alone that it points to, at once or through another: what else this process has
 * named is no part of the interface.
 */
export function onlyReferencedSchemas<Document extends object>(document: Document): Document {
  const { components: { schemas = {}, ...components } = {}, ...rest } = document as Components;
  const referenced = new Set<string>();
  const waiting: unknown[] = [rest, components];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (typeof part === "string" && part.startsWith(PLACE)) {
      const name = part.slice(PLACE.length);
      if (!referenced.has(name)) waiting.push(schemas[name]);
      referenced.add(name);
    } else if (typeof part === "object" && part !== null) waiting.push(...Object.values(part));
  }
  const kept = Object.entries(schemas).filter(([name]) => referenced.has(name));
  return { ...document, components: { ...components, schemas: Object.fromEntries(kept) } };
}

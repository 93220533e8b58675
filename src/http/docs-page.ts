interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
}

/** The part of an OpenAPI document the page shows. */
export interface DocsSource {
  readonly info?: { readonly title?: string; readonly version?: string; readonly description?: string };
  readonly paths?: Readonly<Record<string, unknown>>;
}

const methods = ["get", "put", "post", "patch", "delete", "head"] as const;

/** A page that lists what a service offers. It needs no script and nothing from elsewhere. */
export function renderDocsPage(document: DocsSource): string {
  const title = escapeHtml(document.info?.title ?? "Operations");
  const rows = Object.entries(document.paths ?? {})
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([path, item]) => methods.flatMap((method) => operationRow(path, method, item)));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}
table{border-collapse:collapse;width:100%}td{border-top:1px solid #d7dce3;padding:.4rem .8rem .4rem 0;vertical-align:top}
code{font-size:.95em}td:first-child{font-weight:600}</style></head>
<body><h1>${title}</h1><p>${escapeHtml(document.info?.description ?? "")}</p>
<p>Machine-readable: <a href="/docs/openapi.json">openapi.json</a> · <a href="/healthz">health</a> · <a href="/readyz">readiness</a> · <a href="/metrics">metrics</a></p>
<table><tbody>
${rows.join("\n")}
</tbody></table></body></html>
`;
}

function operationRow(path: string, method: string, item: unknown): string[] {
  const operation = (item as Record<string, Operation | undefined>)[method];
  if (operation === undefined) return [];
  const text = escapeHtml(operation.summary ?? operation.description ?? "");
  return [
    `<tr><td>${method.toUpperCase()}</td><td><code>${escapeHtml(path)}</code></td><td>${text}</td></tr>`,
  ];
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

const PATH = "/v1/content/";

/** Where a content service has an address. */
export function contentUrl(base: string, address: string): string {
  return `${base.replace(/\/+$/, "")}${PATH}${address}`;
}

/** The base URL of the content service behind a URI such as `https://host/v1/content/0x…`; undefined for no http URL. */
export function contentBase(uri: string): string | undefined {
  if (!/^https?:\/\//i.test(uri)) return undefined;
  return uri.replace(/\/v1\/content\/0x[0-9a-fA-F]{64}\/?$/, "").replace(/\/+$/, "");
}

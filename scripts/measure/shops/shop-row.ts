import type { Row } from "../record.ts";

/** What a measurement of shops says of itself; how and when is the same for all. */
export type ShopRow = Omit<Row, "command" | "measured"> & { readonly reference: string };

/**
 * What is thought of an RPC endpoint: `lagging` behind the agreed head, `lying` about a block that others agree on, `away`
 * for it fails or limits us.
 */
export const ENDPOINT_STATES = ["leading", "lagging", "lying", "away"] as const;

export type EndpointState = (typeof ENDPOINT_STATES)[number];

/** An endpoint as operators see it. */
export interface EndpointStatus {
  /** Place in the configuration and host; nothing that may be secret. */
  readonly label: string;
  readonly state: EndpointState;
}

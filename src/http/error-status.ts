import { type ErrorCode, errorCodes } from "#src/kernel/error-codes.ts";

const statuses: Partial<Record<ErrorCode, number>> = {
  HANSE_REQUEST_INVALID: 400,
  HANSE_CONTENT_ADDRESS_INVALID: 400,
  HANSE_UNAUTHORIZED: 401,
  HANSE_FORBIDDEN: 403,
  HANSE_ADDRESS_FORBIDDEN: 403,
  HANSE_NOT_FOUND: 404,
  HANSE_CONTENT_NOT_FOUND: 404,
  HANSE_ORDER_ASSET_UNKNOWN: 404,
  HANSE_TASK_UNKNOWN: 404,
  HANSE_DEAL_UNKNOWN: 404,
  HANSE_WORKER_UNKNOWN: 404,
  HANSE_CONFLICT: 409,
  HANSE_ORDER_DUPLICATE: 409,
  HANSE_ORDER_SALT_USED: 409,
  HANSE_ROUND_OPEN: 409,
  HANSE_ROUND_CLOSED: 409,
  HANSE_REQUEST_TOO_LARGE: 413,
  HANSE_CONTENT_TOO_LARGE: 413,
  HANSE_MEDIA_TYPE_UNSUPPORTED: 415,
  HANSE_CONTENT_UPLOAD_MISMATCH: 422,
  HANSE_CONTRIBUTION_INVALID: 422,
  HANSE_RATE_LIMITED: 429,
  HANSE_NOT_READY: 503,
  HANSE_DATABASE_UNAVAILABLE: 503,
  HANSE_RPC_UNAVAILABLE: 503,
  HANSE_PEER_UNREACHABLE: 502,
  HANSE_PEER_FAILED: 502,
  HANSE_PEER_REFUSED: 502,
  HANSE_PEER_RESPONSE_INVALID: 502,
  HANSE_PEER_RESPONSE_TOO_LARGE: 502,
  HANSE_PEER_TIMED_OUT: 504,
  HANSE_DISK_FULL: 507,
  HANSE_UPLOAD_UNKNOWN: 404,
  HANSE_UPLOAD_STALLED: 408,
  HANSE_UPLOAD_OFFSET_MISMATCH: 409,
  HANSE_CONTENT_QUOTA_EXCEEDED: 413,
  HANSE_RANGE_UNSATISFIABLE: 416,
  HANSE_UPLOAD_BUSY: 423,
  HANSE_CONTENT_BACKEND_FAILED: 503,
  HANSE_CONTENT_STORE_FULL: 507,
  HANSE_SHOP_UNKNOWN: 404,
  HANSE_PRODUCT_UNKNOWN: 404,
  HANSE_RESERVATION_UNKNOWN: 404,
  HANSE_RIGHT_MISSING: 403,
  HANSE_PARTNERSHIP_STATE: 409,
  HANSE_PARTNERSHIP_PAUSED: 429,
  HANSE_PARTNERSHIP_TERMS: 422,
  HANSE_OUT_OF_STOCK: 409,
  HANSE_QUOTE_UNKNOWN: 404,
  HANSE_QUOTE_EXPIRED: 409,
  HANSE_QUOTE_EMPTY: 422,
  HANSE_RATE_UNKNOWN: 503,
  HANSE_SALE_UNKNOWN: 404,
  HANSE_SALE_STATE: 409,
  HANSE_CHECKOUT_UNKNOWN: 404,
  HANSE_CHECKOUT_STATE: 409,
  HANSE_STOCK_RESERVED: 409,
  HANSE_CATALOGUE_INVALID: 422,
};

/** What is refused for what it says has one status for all its reasons. */
const families: readonly (readonly [prefix: string, status: number])[] = [
  ["HANSE_ORDER_", 422],
  ["HANSE_LOGIN_", 401],
  ["HANSE_SESSION_", 401],
  ["HANSE_SIGNATURE_", 401],
  ["HANSE_GRANT_", 403],
  ["HANSE_STATEMENT_", 422],
  ["HANSE_SEALED_BOX_", 422],
];

/** The HTTP status that tells a caller what an error code means. */
export function errorStatus(code: ErrorCode): number {
  return statuses[code] ?? families.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 500;
}

/** The codes an HTTP answer may carry, with status and hint, for documentation. */
export function describeErrors(): { code: ErrorCode; status: number; hint: string; retryable: boolean }[] {
  return (Object.keys(errorCodes) as ErrorCode[]).map((code) => ({
    code,
    status: errorStatus(code),
    hint: errorCodes[code].hint,
    retryable: errorCodes[code].retryable,
  }));
}

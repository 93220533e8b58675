/**
 * Every error Hanse raises: its stable code, what the reader can do about it, and whether the same call may
 * succeed later without anything being changed. Programs and tests rely on codes; texts may be reworded.
 * A code is never reused for another meaning.
 */
interface ErrorCodeEntry {
  /** What to do, for the person who reads the message. */
  readonly hint: string;
  /** True only where repeating the same call unchanged can succeed. */
  readonly retryable: boolean;
}

export const errorCodes = {
  // Starting up and the machine below
  HANSE_CONFIG_INVALID: {
    hint: "Correct the options listed above; `hanse <service> options` and docs/options.md list every option.",
    retryable: false,
  },
  HANSE_PORT_IN_USE: {
    hint: "Stop the program that listens there, or choose another port in the configuration.",
    retryable: false,
  },
  HANSE_DISK_FULL: { hint: "Free space on the disk that holds the state, then try again.", retryable: true },
  HANSE_DISK_UNWRITABLE: {
    hint: "Give the user that runs Hanse write access to this path, or choose another state directory.",
    retryable: false,
  },
  HANSE_STATE_LOCKED: {
    hint: "Another process uses this state directory: stop it first, or choose another state directory.",
    retryable: false,
  },
  HANSE_STATE_DAMAGED: {
    hint: "Restore this file from a backup. Removing it is safe only where the message or the documentation says so.",
    retryable: false,
  },
  HANSE_DATABASE_UNAVAILABLE: {
    hint: "Check that PostgreSQL runs and that DATABASE_URL names it; without DATABASE_URL Hanse starts its own.",
    retryable: true,
  },
  HANSE_DATABASE_DIRECTORY_UNREACHABLE: {
    hint: "PostgreSQL does not run as root. Choose a directory whose parents every user may enter (mode 0755), or run as another user.",
    retryable: false,
  },
  HANSE_DATABASE_MIGRATION_CHANGED: {
    hint: "Restore the migration as it was applied and put the change into a new one.",
    retryable: false,
  },
  HANSE_DATABASE_MIGRATION_UNKNOWN: {
    hint: "This database was used by a newer version: run that version, or restore a backup made before it.",
    retryable: false,
  },
  HANSE_DATABASE_MIGRATION_FAILED: {
    hint: "Nothing was changed. Read the cause; the database may hold rows the migration did not expect.",
    retryable: false,
  },
  HANSE_TIMED_OUT: { hint: "Try again; if it stays slow, raise the time limit.", retryable: true },

  // Requests to a service, and answers of other services
  HANSE_REQUEST_INVALID: {
    hint: "Correct what the message names; `details.issues` lists fields where there are several.",
    retryable: false,
  },
  HANSE_REQUEST_TOO_LARGE: { hint: "Send less at once.", retryable: false },
  HANSE_MEDIA_TYPE_UNSUPPORTED: {
    hint: "Send the content type the operation documents, mostly application/json.",
    retryable: false,
  },
  HANSE_UNAUTHORIZED: {
    hint: "Send valid credentials in the Authorization header.",
    retryable: false,
  },
  HANSE_FORBIDDEN: {
    hint: "This caller has no right to do that; ask the owner of the service.",
    retryable: false,
  },
  HANSE_NOT_FOUND: { hint: "Check the address; `/docs` lists what this service offers.", retryable: false },
  HANSE_CONFLICT: { hint: "Read the current state again and decide anew.", retryable: false },
  HANSE_RATE_LIMITED: { hint: "Wait for the time told in Retry-After, then go on slower.", retryable: true },
  HANSE_NOT_READY: {
    hint: "The service is starting or lost something it needs; try again soon.",
    retryable: true,
  },
  HANSE_PEER_UNREACHABLE: {
    hint: "Check that the other service runs and that its address is right.",
    retryable: true,
  },
  HANSE_PEER_TIMED_OUT: {
    hint: "The other service did not answer in time; try again later.",
    retryable: true,
  },
  HANSE_ADAPTER_TIMED_OUT: {
    hint: "The shop's own system does not answer; it is asked again by itself. Look after it, or allow it more time.",
    retryable: true,
  },
  HANSE_PEER_FAILED: {
    hint: "The other service failed; try again later or tell its operator.",
    retryable: true,
  },
  HANSE_PEER_REFUSED: {
    hint: "The other service refused the request; its reason is in the details.",
    retryable: false,
  },
  HANSE_PEER_RESPONSE_INVALID: {
    hint: "The other service answered something this version does not understand: compare versions.",
    retryable: false,
  },
  HANSE_PEER_RESPONSE_TOO_LARGE: { hint: "Ask for less at once, or raise the limit.", retryable: false },
  HANSE_ADDRESS_FORBIDDEN: {
    hint: "Only public addresses may be called here; allow private ones in the configuration for a local network.",
    retryable: false,
  },

  // Content
  HANSE_CONTENT_NOT_FOUND: {
    hint: "Nobody asked has this content; upload it, or name a source that has it.",
    retryable: false,
  },
  HANSE_CONTENT_HASH_MISMATCH: {
    hint: "The bytes are not what the address names: do not use them; fetch them from another source or upload them again.",
    retryable: false,
  },
  HANSE_CONTENT_UPLOAD_MISMATCH: {
    hint: "Compute the address again over the bytes you send, or leave it out.",
    retryable: false,
  },
  HANSE_CONTENT_TOO_LARGE: { hint: "Split the content, or raise the size limit.", retryable: false },
  HANSE_CONTENT_ADDRESS_INVALID: {
    hint: "A content address is 0x and 64 lower-case hex digits (sha-256).",
    retryable: false,
  },

  HANSE_CONTENT_QUOTA_EXCEEDED: {
    hint: "Unpin what is not needed or wait until something has been kept long enough, or ask the operator for a larger quota.",
    retryable: false,
  },
  HANSE_CONTENT_STORE_FULL: {
    hint: "The service may take no more now: try again later, or use another one. Its operator can raise the quota.",
    retryable: true,
  },
  HANSE_CONTENT_BACKEND_FAILED: {
    hint: "What keeps the bytes of the content service does not answer as it should: try again later; its operator finds the reason in the log.",
    retryable: true,
  },
  HANSE_RANGE_UNSATISFIABLE: { hint: "Ask for bytes below the size told in the answer.", retryable: false },
  HANSE_UPLOAD_UNKNOWN: {
    hint: "There is no such upload of this uploader, or it was not gone on with in time: begin it again.",
    retryable: false,
  },
  HANSE_UPLOAD_OFFSET_MISMATCH: {
    hint: "Go on at the offset that the details and HEAD of the upload tell.",
    retryable: false,
  },
  HANSE_UPLOAD_BUSY: {
    hint: "Somebody else is sending to this upload: wait, ask for its offset, and go on from there.",
    retryable: true,
  },
  HANSE_UPLOAD_STALLED: {
    hint: "No byte came for too long: ask for the offset and go on from there.",
    retryable: true,
  },

  // Chain
  HANSE_RPC_UNAVAILABLE: {
    hint: "Check that the chain's RPC endpoint runs and is reachable.",
    retryable: true,
  },
  HANSE_RPC_BEHIND: {
    hint: "The chain's node does not have the newest blocks yet: wait until it has caught up.",
    retryable: true,
  },
  HANSE_RPC_REFUSED: {
    hint: "The node understood the request and does not carry it out; its reason is in the message.",
    retryable: false,
  },
  HANSE_CHAIN_MISMATCH: {
    hint: "The chain is not the one this state was made on: connect to the right one, or start with a fresh state.",
    retryable: false,
  },

  HANSE_DEVELOPMENT_KEY_REFUSED: {
    hint: "Everybody knows the development keys. Make a key of your own for a chain that holds value.",
    retryable: false,
  },
  HANSE_INTERRUPTED: { hint: "Start it again when you like; the state is as it was.", retryable: false },
  HANSE_PROCESS_FAILED: {
    hint: "Read the end of its log, told above; the cause is mostly named there.",
    retryable: false,
  },
  HANSE_TRANSACTION_REVERTED: {
    hint: "The contract refused it; its error and the values that made it are in the details.",
    retryable: false,
  },
  HANSE_TRANSACTION_UNFUNDED: {
    hint: "Send native coin for gas to this account.",
    retryable: false,
  },
  HANSE_TRANSACTION_LOST: {
    hint: "It may still be mined: look its hash up before you send it again.",
    retryable: false,
  },
  HANSE_JOURNAL_DAMAGED: {
    hint: "The disk lost something in the middle of the transaction journal. Move the file away once no transaction of this account is under way any more: the account's nonces tell.",
    retryable: false,
  },

  HANSE_TASK_FAILED: {
    hint: "Correct what the task asks for: its app, dataset or params.",
    retryable: false,
  },

  // Orders
  HANSE_ORDER_MALFORMED: {
    hint: "Build the order with the client library, or correct the named field.",
    retryable: false,
  },
  HANSE_ORDER_SIGNATURE_INVALID: {
    hint: "Sign the order again with the wallet of its account, for this chain and Clerk.",
    retryable: false,
  },
  HANSE_ORDER_WRONG_CHAIN: {
    hint: "Sign the order for the chain id and Clerk contract this broker trades on.",
    retryable: false,
  },
  HANSE_ORDER_EXPIRED: { hint: "Sign it again with a later validUntil.", retryable: false },
  HANSE_ORDER_OVERFILLED: { hint: "The volume is used up; sign a new order.", retryable: false },
  HANSE_ORDER_CANCELLED: { hint: "It was cancelled by its signer; sign a new order.", retryable: false },
  HANSE_ORDER_WRONG_EPOCH: {
    hint: "The signer has cancelled all orders of this epoch; sign again with the present one.",
    retryable: false,
  },
  HANSE_ORDER_UNFUNDED: { hint: "Deposit what is missing into the Clerk account.", retryable: false },
  HANSE_ORDER_STAKE_MISSING: {
    hint: "Deposit the stake the order needs into the Clerk account.",
    retryable: false,
  },
  HANSE_ORDER_ASSET_UNKNOWN: {
    hint: "Register the app, dataset or pool first, or correct its id.",
    retryable: false,
  },
  HANSE_ORDER_TAG_MISMATCH: {
    hint: "Choose a counterparty that offers every tag demanded.",
    retryable: false,
  },
  HANSE_ORDER_PRICE_TOO_LOW: { hint: "Offer at least the price asked.", retryable: false },
  HANSE_ORDER_PRICE_ABOVE_BID: {
    hint: "The ask is above the bid; raise the bid or wait for a lower ask.",
    retryable: false,
  },
  HANSE_ORDER_RESTRICTED: { hint: "One of the orders does not allow this counterparty.", retryable: false },
  HANSE_ORDER_UNMATCHED: {
    hint: "Change what stands in the way, or wait for another offer; the order stays published until it expires.",
    retryable: false,
  },
  HANSE_RUNNER_BROKEN: {
    hint: "This machine cannot run programs of the pool: reinstall the package, without links in node_modules.",
    retryable: false,
  },
  HANSE_ORDER_DUPLICATE: {
    hint: "This very order is known already; use another salt for a second one.",
    retryable: false,
  },

  HANSE_ORDER_SALT_USED: {
    hint: "Orders of a kind with the same salt share one volume: sign with another salt, or cancel the order named in the details first.",
    retryable: false,
  },
  HANSE_ORDER_SPONSORSHIP_INVALID: {
    hint: "Hand in what the sponsor signed for this very request, in its present epoch and not expired, or sign without a sponsor.",
    retryable: false,
  },
  HANSE_ORDER_SPONSOR_CAP_TOO_LOW: {
    hint: "Have the sponsor sign a higher cap and hand the order in again, or lower its prices or smallest fill.",
    retryable: false,
  },
  HANSE_ORDER_OPERATOR_LIMIT: {
    hint: "Raise the key's limit in the Keyring, or sign with the account's own key.",
    retryable: false,
  },

  // Pools and workers
  HANSE_TASK_UNKNOWN: {
    hint: "This pool has no such task: check the id, and that its deal was sealed for this pool.",
    retryable: false,
  },
  HANSE_DEAL_UNKNOWN: {
    hint: "Whoever was asked knows no such deal: check the id, and that it was sealed on this chain and for this pool or shop.",
    retryable: false,
  },
  HANSE_WORKER_UNKNOWN: {
    hint: "This pool has never heard of that worker: check the address.",
    retryable: false,
  },
  HANSE_CONTRIBUTION_INVALID: {
    hint: "The answer does not fit the draw, the signature or the seal on the chain; read the task from the chain again.",
    retryable: false,
  },
  HANSE_ROUND_OPEN: {
    hint: "Nothing is disclosed before the round has closed on the chain; come back then.",
    retryable: true,
  },
  HANSE_ROUND_CLOSED: {
    hint: "The round takes no answers any more; look for the next one.",
    retryable: false,
  },
  HANSE_POOL_NOT_OPEN: {
    hint: "The pool's owner has to open it with its terms first; a closed pool has no seats.",
    retryable: false,
  },
  HANSE_SEAT_UNFUNDED: {
    hint: "Deposit at least the pool's seat stake into the worker's Clerk account.",
    retryable: false,
  },
  HANSE_TASK_REFUSED: {
    hint: "The scheduler asks for something the chain does not confirm; tell the pool's owner.",
    retryable: false,
  },
  HANSE_SEAL_CONTRADICTED: {
    hint: "A program answered differently the second time it ran: the first answer stands, a second one would put the stake at risk.",
    retryable: false,
  },

  // What people type
  HANSE_ARGUMENT_INVALID: {
    hint: "Correct the argument; `hanse help <command>` says what it takes.",
    retryable: false,
  },
  HANSE_NOT_CONFIRMED: {
    hint: "Nothing was done. Answer with y, or give --yes to go on without being asked.",
    retryable: false,
  },
  HANSE_CLAIM_NOT_DUE: {
    hint: "A task can be claimed back when it was not certified by its deadline; wait for the block named.",
    retryable: true,
  },
  HANSE_INSTALLATION_FAULTY: {
    hint: "Each finding above says what to do about it.",
    retryable: false,
  },

  // Wallets
  HANSE_WALLET_MISSING: {
    hint: "Make a wallet with `hanse wallet new <name>`, import one, or put a key into HANSE_PRIVATE_KEY.",
    retryable: false,
  },
  HANSE_WALLET_NOT_FOUND: { hint: "`hanse wallet list` shows the wallets there are.", retryable: false },
  HANSE_WALLET_EXISTS: {
    hint: "Choose another name; a wallet is never written over.",
    retryable: false,
  },
  HANSE_WALLET_PASSWORD_WRONG: {
    hint: "Give the password the keystore was made with: at the prompt, in HANSE_WALLET_PASSWORD, or with --password-file.",
    retryable: false,
  },
  HANSE_WALLET_PASSWORD_MISSING: {
    hint: "Run it in a terminal to be asked, set HANSE_WALLET_PASSWORD, or give --password-file.",
    retryable: false,
  },
  HANSE_KEYSTORE_INVALID: {
    hint: "A keystore is a JSON file in the Web3 Secret Storage format, version 3, as geth and ethers write it.",
    retryable: false,
  },

  // Shops: log-in, signed requests, statements, grants
  HANSE_LOGIN_MALFORMED: {
    hint: "Sign the message as it was told: EIP-4361, with an expiration time, and nothing beside.",
    retryable: false,
  },
  HANSE_LOGIN_MISMATCH: {
    hint: "Sign a message for this very service and chain; the details name what differs.",
    retryable: false,
  },
  HANSE_LOGIN_NONCE_UNKNOWN: {
    hint: "Ask for a nonce and sign again: each is good once, and for a short time.",
    retryable: false,
  },
  HANSE_LOGIN_NOT_YET_VALID: { hint: "Set the clock, and sign again.", retryable: false },
  HANSE_LOGIN_EXPIRED: { hint: "Ask for a nonce and sign again.", retryable: false },
  HANSE_LOGIN_SIGNATURE_INVALID: {
    hint: "Sign the message, unchanged, with the wallet it names.",
    retryable: false,
  },
  HANSE_SESSION_UNKNOWN: { hint: "Sign in again.", retryable: false },
  HANSE_SESSION_REVOKED: {
    hint: "Sign in again. If you did not end the session: somebody else had its token, and has it no more.",
    retryable: false,
  },
  HANSE_SIGNATURE_MISSING: {
    hint: "Sign the request with the shop's key (RFC 9421): send Signature-Input and Signature.",
    retryable: false,
  },
  HANSE_SIGNATURE_MALFORMED: {
    hint: "Sign once, with Ed25519, created, expires, nonce, keyid and the tag hanse; docs/federation.md says how.",
    retryable: false,
  },
  HANSE_SIGNATURE_COMPONENT_MISSING: {
    hint: "Sign method, authority, path, query and hanse-to, idempotency-key where it is sent, and of a body its digest and type.",
    retryable: false,
  },
  HANSE_SIGNATURE_AUTHORITY_MISMATCH: {
    hint: "Sign the request for the address at which this service is known.",
    retryable: false,
  },
  HANSE_SIGNATURE_ADDRESSEE_MISMATCH: {
    hint: "Name the shop that is called in hanse-to, and call it at the endpoint that the Hub has of it.",
    retryable: false,
  },
  HANSE_SIGNATURE_NOT_YET_VALID: { hint: "Set the signer's clock, and sign again.", retryable: false },
  HANSE_SIGNATURE_EXPIRED: { hint: "Sign the request again when it is sent.", retryable: false },
  HANSE_SIGNATURE_TOO_LONG_LIVED: { hint: "Let a signature expire within five minutes.", retryable: false },
  HANSE_SIGNATURE_DIGEST_MISMATCH: {
    hint: "Send the body as it was signed; something between changes it, or somebody did.",
    retryable: false,
  },
  HANSE_SIGNATURE_INVALID: {
    hint: "Send the request as it was signed; a proxy must not change host, path or query.",
    retryable: false,
  },
  HANSE_SIGNATURE_KEY_UNKNOWN: {
    hint: "Sign with the key the Hub has of this shop, while it is a member.",
    retryable: false,
  },
  HANSE_SIGNATURE_REPLAYED: { hint: "Sign each request anew, with a nonce of its own.", retryable: false },
  HANSE_STATEMENT_MALFORMED: {
    hint: "The endpoint has to serve a statement at /.well-known/hanse-shop: check that it is the shop's.",
    retryable: false,
  },
  HANSE_STATEMENT_SIGNATURE_INVALID: {
    hint: "The service at the endpoint has to sign with the very key the shop names.",
    retryable: false,
  },
  HANSE_STATEMENT_MISMATCH: {
    hint: "Configure the shop's service with the code, owner, chain and endpoint it is to be known by.",
    retryable: false,
  },
  HANSE_STATEMENT_EXPIRED: {
    hint: "A statement is made when it is asked for: check the clock, and that nothing between keeps old answers.",
    retryable: false,
  },
  HANSE_GRANT_MALFORMED: {
    hint: "Ask the granter for a grant as docs/federation.md has it.",
    retryable: false,
  },
  HANSE_GRANT_SIGNATURE_INVALID: { hint: "Ask the granter for its grant again.", retryable: false },
  HANSE_GRANT_KEY_UNKNOWN: {
    hint: "The granter has to sign with a key of its own that is good now: ask it for a new grant.",
    retryable: false,
  },
  HANSE_GRANT_WRONG_ISSUER: { hint: "Show a grant of the shop that is asked.", retryable: false },
  HANSE_GRANT_WRONG_AUDIENCE: { hint: "A grant serves the shop it names, and no other.", retryable: false },
  HANSE_GRANT_NOT_YET_VALID: { hint: "Compare the clocks of both shops.", retryable: false },
  HANSE_GRANT_EXPIRED: { hint: "Ask the granter for a new grant.", retryable: false },
  HANSE_SEALED_BOX_INVALID: {
    hint: "Have it sealed again: to the shop's present key, and for this very quote.",
    retryable: false,
  },

  HANSE_SHOP_UNKNOWN: {
    hint: "`hanse shop list` shows who is a member now; one that has just joined is heard of at the next poll.",
    retryable: false,
  },
  HANSE_SHOP_UNPROVED: {
    hint: "The shop's service has to run at the endpoint that the Hub has of it, with its key, code and owner (docs/federation.md).",
    retryable: false,
  },
  HANSE_SHOP_LEAVING: {
    hint: "What is under way with it is brought to its end; nothing new begins.",
    retryable: false,
  },
  HANSE_PARTNERSHIP_STATE: {
    hint: "docs/partnerships.md tells which call follows which; `hanse partner list` shows where it stands.",
    retryable: false,
  },
  HANSE_PARTNERSHIP_CHANGED: {
    hint: "Something else is asked for or offered by now: look at it (`hanse partner show`), and answer that.",
    retryable: false,
  },
  HANSE_PARTNERSHIP_PAUSED: {
    hint: "The shop denied it; ask again when the pause it named is over.",
    retryable: false,
  },
  HANSE_PARTNERSHIP_TERMS: { hint: "Name rights and an end that can be granted.", retryable: false },
  HANSE_RIGHT_MISSING: {
    hint: "Ask the shop for this right: `hanse partner request`.",
    retryable: false,
  },
  HANSE_PRODUCT_UNKNOWN: {
    hint: "It may be sold no more: poll the shop's products again.",
    retryable: false,
  },
  HANSE_OUT_OF_STOCK: { hint: "Take fewer pieces, or another product.", retryable: false },
  HANSE_STOCK_RESERVED: {
    hint: "Release the reservations first, or wait until they expire; then import the lower stock.",
    retryable: false,
  },
  HANSE_RESERVATION_UNKNOWN: {
    hint: "Reserve anew: reservations are known for a time only.",
    retryable: false,
  },
  HANSE_QUOTE_UNKNOWN: { hint: "Ask for a quote anew.", retryable: false },
  HANSE_QUOTE_EXPIRED: { hint: "Ask for a quote anew: the price may be another by now.", retryable: false },
  HANSE_QUOTE_EMPTY: { hint: "Give away what costs nothing outside of the market.", retryable: false },
  HANSE_QUOTE_TOO_LARGE: {
    hint: "Ask for fewer pieces at once: all of it costs more money than there is.",
    retryable: false,
  },
  HANSE_RATE_UNKNOWN: {
    hint: "The shop's owner configures what HANSE is worth: HANSE_SHOP_RATES, or a file or feed of rates.",
    retryable: false,
  },
  HANSE_SALE_UNKNOWN: { hint: "Ask with the id that the shop gave the order.", retryable: false },
  HANSE_SALE_STATE: { hint: "See where the order stands, and do what follows from there.", retryable: false },
  HANSE_CHECKOUT_UNKNOWN: { hint: "Begin a checkout anew.", retryable: false },
  HANSE_CHECKOUT_STATE: {
    hint: "See where the checkout stands; one that is over is begun anew.",
    retryable: false,
  },
  HANSE_CHECKOUT_REFUSED: {
    hint: "Mend what the Receipt refuses, and begin a checkout anew.",
    retryable: false,
  },
  HANSE_CHECKOUT_ABOVE_MOST: {
    hint: "The sellers ask for more than it may cost: look at both amounts, and say how much it may be at most.",
    retryable: false,
  },
  HANSE_REVIEW_UNRATED: {
    hint: "Rate the deal first, with the very text that is sent: `hanse rate` does both.",
    retryable: false,
  },
  HANSE_OWNER_TOKEN_MISSING: {
    hint: "Set HANSE_SHOP_OWNER_TOKEN, or name a file that holds the token with --token-file.",
    retryable: false,
  },
  HANSE_CATALOGUE_SHRUNK: {
    hint: "Nothing was taken away. Look after the shop's own system; where it is right, start the shop with a higher HANSE_SHOP_MOST_REMOVED.",
    retryable: false,
  },
  HANSE_CATALOGUE_INVALID: {
    hint: "Correct the file; README.md of data/ and `hanse products import --help` tell the forms that are read.",
    retryable: false,
  },

  HANSE_INTERNAL: {
    hint: "This is a fault of Hanse: report it with the request id and the log around it.",
    retryable: false,
  },
} as const satisfies Record<`HANSE_${string}`, ErrorCodeEntry>;

/** A stable error code, such as `HANSE_PORT_IN_USE`. */
export type ErrorCode = keyof typeof errorCodes;

/** Is this text one of our codes? Used where a code comes from another process. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(errorCodes, value);
}

import { getAddress } from "viem";
import { z } from "zod";
import { defineOption } from "#src/kernel/config.ts";
import { httpUrlOption, listOption, switchOption, wholeNumberOption } from "#src/kernel/config-types.ts";
import { CURRENCIES } from "#src/protocol/currencies.ts";
import { SHOP_CODE_PATTERN } from "#src/protocol/shop-code.ts";
import {
  address,
  bytes32,
  databaseUrl,
  deployment,
  host,
  pollMs,
  port,
  privateKey,
  rpcUrl,
  stateDir,
  trustProxy,
} from "./options.ts";

const hundredths = (most: number) => wholeNumberOption({ min: 0, max: most });
const seconds = wholeNumberOption({ min: 1, max: 31_536_000 });

/** What the environment can set of a shop service. */
export const shopOptions = {
  host,
  port: port(4105),
  rpcUrl,
  deployment,
  databaseUrl,
  pollMs,
  databaseSchema: defineOption({
    schema: z.string().regex(/^[a-z][a-z0-9_]{0,40}$/, "small letters, digits and _"),
    env: "HANSE_DATABASE_SCHEMA",
    doc: "PostgreSQL schema of this shop, where several share a database",
    default: "shop",
  }),
  stateDir: { ...stateDir, default: ".hanse/shop" },
  privateKey: {
    ...privateKey,
    doc: "the key this shop signs orders and sends transactions with, the owner's own or its operator's, 0x and 64 hex digits; or give HANSE_KEYSTORE",
  },
  code: defineOption({
    schema: z.string().regex(SHOP_CODE_PATTERN, "2 to 8 characters A–Z and 0–9, the first a letter"),
    env: "HANSE_SHOP_CODE",
    doc: "the shop's code in the federation",
  }),
  owner: defineOption({
    schema: address.transform((text) => getAddress(text)).optional(),
    env: "HANSE_SHOP_OWNER",
    doc: "the wallet that joined with this shop, where HANSE_PRIVATE_KEY is its operator's; it grants that key the powers sale-order, purchase-order and parcel",
  }),
  endpoint: defineOption({
    schema: httpUrlOption().refine((url) => URL.parse(url)?.pathname === "/", "a shop answers at no path"),
    env: "HANSE_PUBLIC_URL",
    doc: "URL at which others reach this shop, as the Hub has it: scheme, host and port, and no path",
    default: "http://127.0.0.1:4105",
  }),
  ownerToken: defineOption({
    schema: z.string().min(16),
    env: "HANSE_SHOP_OWNER_TOKEN",
    doc: "bearer token of the shop's owner, 16 characters or more",
    secret: true,
  }),
  hubs: defineOption({
    schema: listOption().pipe(z.array(httpUrlOption()).min(1)),
    env: "HANSE_HUBS",
    doc: "base URLs of hub services to listen to, separated by commas",
    default: ["http://127.0.0.1:4104"],
  }),
  hubContract: defineOption({
    schema: address.transform((text) => getAddress(text)).optional(),
    env: "HANSE_HUB",
    doc: "address of the Hub contract, where it is not the deployment's",
  }),
  currency: defineOption({
    schema: z.enum(CURRENCIES as [string, ...string[]]),
    env: "HANSE_SHOP_CURRENCY",
    doc: "currency of all the shop's prices, ISO 4217",
    default: "USD",
  }),
  rates: defineOption({
    schema: listOption().pipe(
      z
        .array(z.string().regex(/^[A-Z]{3}=\d+(\.\d+)?$/, "not like USD=0.25"))
        .transform((pairs) => Object.fromEntries(pairs.map((pair) => pair.split("=") as [string, string]))),
    ),
    env: "HANSE_SHOP_RATES",
    doc: "what one HANSE is worth in each currency, such as `USD=0.25,GBP=0.19`; the shop's own and USD are needed",
    default: {},
  }),
  ratesFile: defineOption({
    schema: z.string().min(1).optional(),
    env: "HANSE_SHOP_RATES_FILE",
    doc: 'JSON file of rates instead, such as `{"USD": "0.25"}`; read anew every minute, and believed as a URL is',
    path: true,
  }),
  ratesUrl: defineOption({
    schema: httpUrlOption().optional(),
    env: "HANSE_SHOP_RATES_URL",
    doc: "URL that answers such JSON instead; asked every minute; while it does not answer, or says what cannot be (nothing, zero, ten times as much as before), its last answer is good for an hour",
  }),
  adapter: defineOption({
    schema: z.enum(["stock", "online-boutique", "custom"]),
    env: "HANSE_SHOP_ADAPTER",
    doc: "where the products are: `stock` in this service's own database, `online-boutique` in a catalogue file of that shop's form, `custom` wherever a module of yours finds them",
    default: "stock",
  }),
  adapterModule: defineOption({
    schema: z.string().min(1).optional(),
    env: "HANSE_SHOP_ADAPTER_MODULE",
    doc: "the module that the adapter custom is in: its default export makes it; see examples/shop-adapter",
    path: true,
  }),
  catalogue: defineOption({
    schema: z.string().min(1).optional(),
    env: "HANSE_SHOP_CATALOGUE",
    doc: "the file that the adapter online-boutique reads; its prices have to be in the shop's currency",
    path: true,
  }),
  syncSeconds: defineOption({
    schema: wholeNumberOption({ min: 1, max: 86_400 }),
    env: "HANSE_SHOP_SYNC_SECONDS",
    doc: "time between two looks at the shop's own system and at partners' products, in seconds",
    default: 60,
  }),
  holdSeconds: defineOption({
    schema: seconds,
    env: "HANSE_SHOP_HOLD_SECONDS",
    doc: "how long a reservation is kept, in seconds",
    default: 900,
  }),
  quoteSeconds: defineOption({
    schema: seconds,
    env: "HANSE_SHOP_QUOTE_SECONDS",
    doc: "how long a quote can be bought, in seconds",
    default: 600,
  }),
  shipSeconds: defineOption({
    schema: seconds,
    env: "HANSE_SHOP_SHIP_SECONDS",
    doc: "time from the sale until the parcel has to be on its way, in seconds",
    default: 259_200,
  }),
  deliverSeconds: defineOption({
    schema: seconds,
    env: "HANSE_SHOP_DELIVER_SECONDS",
    doc: "time from then until it has to be there, in seconds",
    default: 604_800,
  }),
  complaintSeconds: defineOption({
    schema: seconds,
    env: "HANSE_SHOP_COMPLAINT_SECONDS",
    doc: "how long buyers may complain after that, in seconds",
    default: 604_800,
  }),
  resaleSeconds: defineOption({
    schema: wholeNumberOption({ min: 0, max: 31_536_000 }),
    env: "HANSE_SHOP_RESALE_SECONDS",
    doc: "how much longer buyers may complain who sell it on, in seconds",
    default: 259_200,
  }),
  arbiter: defineOption({
    schema: bytes32.optional(),
    env: "HANSE_SHOP_ARBITER",
    doc: "who decides disputes: an account, padded with zeros on the left to 32 bytes, or the id of a pool of jurors; default: nobody, and buyers get their money back",
  }),
  commission: defineOption({
    schema: hundredths(10_000),
    env: "HANSE_SHOP_COMMISSION",
    doc: "what partners with the right earn-commission get of the price, in hundredths of a percent",
    default: 500,
  }),
  bond: defineOption({
    schema: hundredths(10_000),
    env: "HANSE_SHOP_BOND",
    doc: "what the shop has at stake in each sale, in hundredths of a percent of the price",
    default: 0,
  }),
  allowPrivateEndpoints: defineOption({
    schema: switchOption(),
    env: "HANSE_ALLOW_PRIVATE_ENDPOINTS",
    doc: "whether other shops and hub services may answer by http, and at private and loopback addresses: for development",
    default: false,
  }),
  partnerLimit: defineOption({
    schema: wholeNumberOption({ min: 1 }),
    env: "HANSE_PARTNER_LIMIT",
    doc: "requests in a minute that are taken of one partner",
    default: 6_000,
  }),
  adapterSeconds: defineOption({
    schema: wholeNumberOption({ min: 1, max: 3_600 }),
    env: "HANSE_SHOP_ADAPTER_SECONDS",
    doc: "how long the shop's own system may take to answer, in seconds; what it does not answer is told again later",
    default: 30,
  }),
  mostRemoved: defineOption({
    schema: wholeNumberOption({ min: 0, max: 100 }),
    env: "HANSE_SHOP_MOST_REMOVED",
    doc: "how many percent of the products the shop's own system may take away at one look; an answer that takes away more is not taken over, for it may have lost them",
    default: 50,
  }),
  customerPieces: defineOption({
    schema: wholeNumberOption({ min: 1, max: 1_000_000_000 }),
    env: "HANSE_CUSTOMER_PIECES",
    doc: "pieces of one product that customers of one address may have kept before they pay",
    default: 100,
  }),
  customersPieces: defineOption({
    schema: wholeNumberOption({ min: 1, max: 1_000_000_000 }),
    env: "HANSE_CUSTOMERS_PIECES",
    doc: "pieces of one product that all customers together may have kept before they pay",
    default: 1_000,
  }),
  customerShare: defineOption({
    schema: wholeNumberOption({ min: 1, max: 100 }),
    env: "HANSE_CUSTOMER_SHARE",
    doc: "of the shop's own pieces of a product, what customers of one address may have kept before they pay: percent, rounded up",
    default: 50,
  }),
  customersShare: defineOption({
    schema: wholeNumberOption({ min: 1, max: 100 }),
    env: "HANSE_CUSTOMERS_SHARE",
    doc: "the same for all customers together: the rest is always there for partners",
    default: 80,
  }),
  customerLines: defineOption({
    schema: wholeNumberOption({ min: 1, max: 1_000_000 }),
    env: "HANSE_CUSTOMER_LINES",
    doc: "lines of one seller's products that customers of one address may have kept before they pay: each is a reservation, and a seller keeps 1,000 for one shop",
    default: 200,
  }),
  customersLines: defineOption({
    schema: wholeNumberOption({ min: 1, max: 1_000_000 }),
    env: "HANSE_CUSTOMERS_LINES",
    doc: "lines of one seller's products that all customers together may have kept before they pay: the rest is the shop's own to buy with",
    default: 800,
  }),
  trustProxy,
  customerLimit: defineOption({
    schema: wholeNumberOption({ min: 1 }),
    env: "HANSE_CUSTOMER_LIMIT",
    doc: "requests in a minute that are taken of one address by what anybody may call: checkouts have pieces kept",
    default: 600,
  }),
};

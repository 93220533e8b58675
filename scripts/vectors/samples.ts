// What the vectors are made of: the orders' types and domains, and sample orders of each kind.
// Written out once more here, so that what they are compared with is not what made them.

// Hardhat's and Anvil's first development key; it guards nothing.
export const KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

type Field = { name: string; type: string };
export type Value = string | bigint | number | { [name: string]: Value };

export const fields = (text: string): Field[] =>
  text.split(",").map((field) => {
    const [type = "", name = ""] = field.split(" ");
    return { name, type };
  });

export const types = {
  Conditions: fields(
    "address certifier,address matcher,uint64 validUntil,uint64 epoch,uint32 volume,uint32 minFill,bytes32 salt,bytes32 externalRef,bytes32 terms",
  ),
  AppOrder: fields(
    "uint256 app,uint64 price,uint32 trust,bytes32 tag,bytes32 onlyDataset,bytes32 onlyPool,bytes32 onlyRequester,Conditions conditions",
  ),
  DatasetOrder: fields(
    "uint256 dataset,uint64 price,uint32 trust,bytes32 tag,bytes32 onlyApp,bytes32 onlyPool,bytes32 onlyRequester,Conditions conditions",
  ),
  PoolOrder: fields(
    "uint256 pool,uint64 price,uint16 category,uint32 trust,bytes32 tag,bytes32 onlyApp,bytes32 onlyDataset,bytes32 onlyRequester,Conditions conditions",
  ),
  RequestOrder: fields(
    "address requester,uint256 app,uint64 maxAppPrice,uint256 dataset,uint64 maxDatasetPrice,uint64 maxPoolPrice,uint16 category,uint32 trust,bytes32 tag,bytes32 onlyApp,bytes32 onlyDataset,bytes32 onlyPool,uint32 minSeats,uint64 minSeatStake,address beneficiary,address callback,address sponsor,bytes32 attesters,bytes params,Conditions conditions",
  ),
  SaleOrder: fields(
    "address seller,bytes32 goods,uint64 price,uint32 shipWithin,uint32 deliverWithin,uint32 complaintTime,bytes32 arbiter,uint8 defaultOutcome,uint64 sellerBond,address referrer,uint64 commission,uint32 resaleMargin,bytes32 supply,bytes32 onlyBuyer,Conditions conditions",
  ),
  PurchaseOrder: fields(
    "address buyer,bytes32 goods,uint64 maxPrice,bytes32 shipTo,bytes32 saleOrder,bytes32 onlySeller,uint32 maxShipWithin,uint32 maxDeliverWithin,uint32 minComplaintTime,bytes32 onlyArbiter,uint8 defaultOutcome,uint64 minSellerBond,uint32 minResaleMargin,bytes32 basket,uint16 basketSize,Conditions conditions",
  ),
  GoodsDeal: fields(
    "bytes32 purchaseId,address seller,address buyer,address referrer,bytes32 goods,bytes32 shipTo,bytes32 arbiter,bytes32 supply,uint64 price,uint64 sellerBond,uint64 commission,uint32 shipWithin,uint32 deliverWithin,uint32 complaintTime,uint32 resaleMargin,uint8 defaultOutcome,uint40 sealedAt,uint32 firstPiece,uint32 quantity",
  ),
};
export const kinds = ["AppOrder", "DatasetOrder", "PoolOrder", "RequestOrder"] as const;

/** A value of the type: all zero, all ones, or different from field to field, so that swapped fields are noticed. */
function memberOf(type: string, fill: "zero" | "max" | "mixed", seed: number): Value {
  if (type === "Conditions") return structOf("Conditions", fill, seed * 100);
  // An enum of two.
  if (type === "uint8") return fill === "zero" ? 0 : 1;
  const bytes = type === "address" ? 20 : type === "bytes32" ? 32 : Number(type.slice(4)) / 8;
  if (type === "bytes") {
    const text = "--input=0123456789abcdef ";
    return fill === "zero" ? "0x" : `0x${Buffer.from(text.repeat(fill === "max" ? 40 : 1)).toString("hex")}`;
  }
  const hex =
    fill === "zero" ? "00" : fill === "max" ? "ff" : (17 + seed).toString(16).padStart(2, "0").slice(-2);
  const word = `0x${hex.repeat(bytes)}`;
  return type.startsWith("uint") ? (bytes <= 4 ? Number(word) : BigInt(word)) : word;
}

export function structOf(
  type: keyof typeof types,
  fill: "zero" | "max" | "mixed",
  seed: number,
): { [name: string]: Value } {
  return Object.fromEntries(
    types[type].map((field, i) => [field.name, memberOf(field.type, fill, (seed + i) % 200)]),
  );
}

export const domains = [
  {
    name: "Hanse Clerk",
    version: "1",
    chainId: 31337n,
    verifyingContract: "0x5fbdb2315678afecb367f032d93f642f64180aa3",
  },
  {
    name: "Hanse Clerk",
    version: "1",
    chainId: 4919n,
    verifyingContract: "0xffffffffffffffffffffffffffffffffffffffff",
  },
] as const;

export const decimal = (value: Value): unknown =>
  typeof value === "bigint"
    ? value.toString()
    : typeof value === "object"
      ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, decimal(inner)]))
      : value;

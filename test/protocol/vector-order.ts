import { ORDER_TYPED_DATA, PRIMARY_TYPES } from "#src/protocol/order-types.ts";
import { ORDER_TYPES, type Order } from "#src/protocol/orders.ts";

type Json = string | number | { readonly [name: string]: Json };

/** Reads a vector's JSON by the types of the order: what is wider than 32 bits is a bigint. */
function decode(typeName: keyof typeof ORDER_TYPED_DATA, json: { readonly [name: string]: Json }): object {
  return Object.fromEntries(
    ORDER_TYPED_DATA[typeName].map(({ name, type }) => {
      const value = json[name];
      if (type === "Conditions")
        return [name, decode("Conditions", value as { readonly [name: string]: Json })];
      return [name, type === "uint64" || type === "uint256" ? BigInt(value as string) : value];
    }),
  );
}

/** The order of a shared vector. */
export function vectorOrder(kind: string, json: object): Order {
  const type = ORDER_TYPES.find((each) => PRIMARY_TYPES[each] === kind);
  return { type, order: decode(kind as keyof typeof ORDER_TYPED_DATA, json as never) } as Order;
}

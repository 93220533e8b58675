interface Field {
  readonly name: string;
  readonly type: string;
}

export const fields = (text: string): Field[] =>
  text.split(",").map((field) => {
    const [type = "", name = ""] = field.split(" ");
    return { name, type };
  });

/** The EIP-712 types of the orders, written down a second time: what is tested against must not share the code. */
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
};

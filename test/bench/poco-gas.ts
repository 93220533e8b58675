// Gas of Poco's flows by receipts: `hardhat run test/bench/poco-gas.ts`. Accounts used before, prices not zero.
import { ethers as lib } from "ethers";
import { network } from "hardhat";

const connection = await network.create({ override: { allowUnlimitedContractSize: true } } as never);
const { ethers, provider } = connection;
const [admin] = await ethers.getSigners();
const coder = lib.AbiCoder.defaultAbiCoder();
const HANSE = 10n ** 9n;
const zero32 = lib.ZeroHash;

const keys = Array.from({ length: 70 }, (_, i) => new lib.Wallet(lib.toBeHex(i + 1000, 32), ethers.provider));
for (const key of keys)
  await provider.request({ method: "hardhat_setBalance", params: [key.address, "0x56BC75E2D63100000"] });
const [requester, appOwner, datasetOwner, poolOwner, treasury] = keys as [
  lib.Wallet,
  lib.Wallet,
  lib.Wallet,
  lib.Wallet,
  lib.Wallet,
];
const workers = keys.slice(5);

const token = await ethers.deployContract("Token", [admin!.address]);
const registry = await ethers.deployContract("Registry");
const clerk = await ethers.deployContract("Clerk", [
  await token.getAddress(),
  await registry.getAddress(),
  admin!.address,
]);
const seeds = await ethers.deployContract("BlockhashSeedSource");
const poco = await ethers.deployContract("Poco", [
  await clerk.getAddress(),
  await registry.getAddress(),
  await seeds.getAddress(),
  treasury.address,
  admin!.address,
]);
const certifier = await poco.getAddress();
await clerk.registerCertifier(certifier, true);
await poco.addCategory({ roundBlocks: 200, deadlineBlocks: 2000 });
await token.approve(await clerk.getAddress(), lib.MaxUint256);
for (const key of keys) await clerk.depositFor(key.address, 10_000n * HANSE);

async function register(owner: lib.Wallet, kind: number, name: string): Promise<bigint> {
  const asset = { kind, registrar: owner.address, checksum: lib.id(name), measurement: zero32 };
  await registry.connect(owner).register(kind, asset.checksum, zero32, "ipfs://x");
  return registry.idOf(asset);
}
const app = await register(appOwner, 1, "app");
const dataset = await register(datasetOwner, 2, "dataset");
const pool = await register(poolOwner, 3, "pool");
await poco
  .connect(poolOwner)
  .openPool(pool, { seatStake: 100n * HANSE, schedulerShare: 1000, closed: false });
for (const worker of workers) {
  await clerk.connect(worker).allowCertifier(certifier, 1000n * HANSE);
  await poco.connect(worker).enrol(pool);
}

const chainId = (await ethers.provider.getNetwork()).chainId;
const clerkDomain = {
  name: "Hanse Clerk",
  version: "1",
  chainId,
  verifyingContract: await clerk.getAddress(),
};
const pocoDomain = { name: "Hanse Poco", version: "1", chainId, verifyingContract: certifier };
const conditions = [
  "address certifier",
  "address matcher",
  "uint64 validUntil",
  "uint64 epoch",
  "uint32 volume",
  "uint32 minFill",
  "bytes32 salt",
  "bytes32 externalRef",
  "bytes32 terms",
];
const sellers = ["bytes32 tag"];
const shapes = {
  AppOrder: [
    "uint256 app",
    "uint64 price",
    "uint32 trust",
    ...sellers,
    "bytes32 onlyDataset",
    "bytes32 onlyPool",
    "bytes32 onlyRequester",
  ],
  DatasetOrder: [
    "uint256 dataset",
    "uint64 price",
    "uint32 trust",
    ...sellers,
    "bytes32 onlyApp",
    "bytes32 onlyPool",
    "bytes32 onlyRequester",
  ],
  PoolOrder: [
    "uint256 pool",
    "uint64 price",
    "uint16 category",
    "uint32 trust",
    ...sellers,
    "bytes32 onlyApp",
    "bytes32 onlyDataset",
    "bytes32 onlyRequester",
  ],
  RequestOrder: [
    "address requester",
    "uint256 app",
    "uint64 maxAppPrice",
    "uint256 dataset",
    "uint64 maxDatasetPrice",
    "uint64 maxPoolPrice",
    "uint16 category",
    "uint32 trust",
    "bytes32 tag",
    "bytes32 onlyApp",
    "bytes32 onlyDataset",
    "bytes32 onlyPool",
    "uint32 minSeats",
    "uint64 minSeatStake",
    "address beneficiary",
    "address callback",
    "address sponsor",
    "bytes32 attesters",
    "bytes params",
  ],
};
const fields = (list: string[]) =>
  list.map((entry) => ({ type: entry.split(" ")[0]!, name: entry.split(" ")[1]! }));
async function sign(key: lib.Wallet, kind: keyof typeof shapes, order: object) {
  const types = {
    [kind]: [...fields(shapes[kind]), { type: "Conditions", name: "conditions" }],
    Conditions: fields(conditions),
  };
  return { order, signature: await key.signTypedData(clerkDomain, types, order) };
}

let salt = 0;
async function flow(places: number, withDataset: boolean) {
  const trust = places === 1 ? 1 : 2 ** (places - 1) + 1;
  const terms = () => ({
    certifier,
    matcher: lib.ZeroAddress,
    validUntil: 2n ** 40n,
    epoch: 0,
    volume: 1,
    minFill: 1,
    salt: lib.toBeHex(++salt, 32),
    externalRef: zero32,
    terms: zero32,
  });
  const open = { onlyApp: zero32, onlyDataset: zero32, onlyPool: zero32, onlyRequester: zero32 };
  const base = { ...open, tag: zero32, trust: 0 };
  const batch = {
    apps: [await sign(appOwner, "AppOrder", { ...base, app, price: HANSE, conditions: terms() })],
    datasets: withDataset
      ? [await sign(datasetOwner, "DatasetOrder", { ...base, dataset, price: HANSE, conditions: terms() })]
      : [],
    pools: [
      await sign(poolOwner, "PoolOrder", {
        ...base,
        pool,
        price: 10n * HANSE,
        category: 0,
        trust: 1_000_000,
        conditions: terms(),
      }),
    ],
    requests: [
      await sign(requester, "RequestOrder", {
        ...base,
        requester: requester.address,
        app,
        maxAppPrice: HANSE,
        dataset: withDataset ? dataset : 0n,
        maxDatasetPrice: withDataset ? HANSE : 0n,
        maxPoolPrice: 10n * HANSE,
        category: 0,
        trust,
        minSeats: 0,
        minSeatStake: 0,
        beneficiary: requester.address,
        callback: lib.ZeroAddress,
        sponsor: lib.ZeroAddress,
        attesters: zero32,
        params: "0x",
        conditions: terms(),
      }),
    ],
    matches: [{ app: 0, dataset: withDataset ? 0 : 65535, pool: 0, request: 0 }],
  };
  const sealed = await (await clerk.seal(batch, true)).wait();
  const log = sealed!.logs
    .map((entry) => clerk.interface.parseLog(entry))
    .find((entry) => entry?.name === "DealSealed")!;
  const deal = log.args.deal.toObject ? [...log.args.deal] : log.args.deal;
  await provider.request({ method: "hardhat_mine", params: ["0x2"] });
  const result = { outcome: 0, content: lib.id("out"), memoryHash: lib.id("mem"), callbackData: "0x" };
  const gas: Record<string, bigint> = { seal: sealed!.gasUsed };
  if (places === 1) {
    const done = await (await poco.connect(poolOwner).complete(deal, 0, workers[0]!.address, result)).wait();
    gas.complete = done!.gasUsed;
  } else {
    const drawn: bigint[] = await poco.drawnSeats(deal, 0, 1);
    if (drawn.length !== places) throw new Error(`${drawn.length} places, not ${places}`);
    const dealId = lib.keccak256(coder.encode(["bytes32", "uint32"], [log.args.requestHash, 0]));
    const taskId = lib.keccak256(coder.encode(["bytes32", "uint32"], [dealId, 0]));
    const resultHash = lib.keccak256(
      coder.encode(
        ["uint8", "bytes32", "bytes32", "bytes32"],
        [0, result.content, result.memoryHash, lib.keccak256("0x")],
      ),
    );
    const digest = lib.keccak256(coder.encode(["uint8", "bytes32", "bytes32"], [1, taskId, resultHash]));
    const contributions = [];
    for (const seat of drawn) {
      const worker = workers[Number(seat)]!;
      const seal = lib.keccak256(coder.encode(["address", "bytes32"], [worker.address, digest]));
      const value = { taskId, round: 1, seal };
      const signature = await worker.signTypedData(
        pocoDomain,
        { Contribution: fields(["bytes32 taskId", "uint8 round", "bytes32 seal"]) },
        value,
      );
      contributions.push({ seat, seal, signature: lib.Signature.from(signature).compactSerialized });
    }
    const committed = await (await poco.commit(deal, 0, contributions)).wait();
    gas.commit = committed!.gasUsed;
    const told = poco.interface.parseLog(committed!.logs[0]!)!;
    const seals = [...told.args.seals].map((entry) => [...entry]);
    gas.finalize = (await (await poco.finalize(deal, 0, seals, result)).wait())!.gasUsed;
  }
  gas.total = Object.values(gas).reduce((sum, part) => sum + part, 0n);
  return gas;
}

await flow(3, true);
for (const [places, withDataset] of [
  [1, false],
  [3, false],
  [4, false],
  [7, false],
  [10, false],
  [10, true],
] as const) {
  console.log(`${places} workers${withDataset ? ", dataset" : ""}`, await flow(places, withDataset));
}
await connection.close();

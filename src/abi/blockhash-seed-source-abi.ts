// Generated from contracts/certifiers/BlockhashSeedSource.sol by `scripts/abi/export.ts`; do not edit.
export const blockhashSeedSourceAbi = [
  {"inputs":[{"internalType":"uint256","name":"blockNumber","type":"uint256"}],"name":"BlockhashSeedSourceUnknown","type":"error"},
  {"inputs":[{"internalType":"uint256","name":"blockNumber","type":"uint256"}],"name":"record","outputs":[],"stateMutability":"nonpayable","type":"function"},
  {"inputs":[{"internalType":"uint256","name":"blockNumber","type":"uint256"}],"name":"seedOf","outputs":[{"internalType":"bytes32","name":"seed","type":"bytes32"}],"stateMutability":"view","type":"function"},
] as const;

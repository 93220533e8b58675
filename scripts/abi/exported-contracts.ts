/** Contracts whose ABI services use, with the source they are compiled from. */
export const EXPORTED_CONTRACTS: Readonly<Record<string, string>> = {
  Token: "contracts/token/Token.sol",
  Registry: "contracts/registry/Registry.sol",
  Keyring: "contracts/clerk/Keyring.sol",
  Clerk: "contracts/clerk/Clerk.sol",
  Poco: "contracts/certifiers/Poco.sol",
  Jury: "contracts/certifiers/Jury.sol",
  Receipt: "contracts/certifiers/Receipt.sol",
  BlockhashSeedSource: "contracts/certifiers/BlockhashSeedSource.sol",
  Hub: "contracts/hub/Hub.sol",
  Ratings: "contracts/hub/Ratings.sol",
};

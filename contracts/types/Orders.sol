// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AssetId, Restriction} from "./Ids.sol";

// The orders of the market, as they are signed (EIP-712). `src/protocol/orders.ts` mirrors them one to one, and
// `test/vectors/orders.json` holds both to the same hashes: a field added here invalidates every signature out there.
//
// All amounts are nano-HANSE (9 decimals) per task. Times are Unix seconds.

/// What every order says, whatever it sells or buys.
struct Conditions {
    /// The certifier whose verdict the signer accepts, by exact version.
    address certifier;
    /// Who may seal the order; zero: anyone.
    address matcher;
    /// The last second at which it may be sealed.
    uint64 validUntil;
    /// The signer's epoch; raising it on chain cancels every order of an earlier one.
    uint64 epoch;
    /// How many tasks the order is for, over all its matches.
    uint32 volume;
    /// The fewest tasks one match may take, so that nobody shreds the volume; at least 1.
    uint32 minFill;
    /// The order's number: orders of one kind with the same salt share one volume. Numbers that follow each other cost
    /// less gas.
    bytes32 salt;
    /// The id of an agreement made elsewhere (a FEP-0837 Agreement, say); zero: none. Not interpreted.
    bytes32 externalRef;
    /// `keccak256(abi.encode(checker, data))` of further conditions and the contract that checks them (`ITerms`); zero:
    /// none.
    bytes32 terms;
}

/// The owner of an app sells its use.
struct AppOrder {
    AssetId app;
    uint64 price;
    /// The least trust the app may be run with; zero: any.
    uint32 trust;
    /// What the app needs of a pool, as bits.
    bytes32 tag;
    Restriction onlyDataset;
    Restriction onlyPool;
    Restriction onlyRequester;
    Conditions conditions;
}

/// The owner of a dataset sells its use.
struct DatasetOrder {
    AssetId dataset;
    uint64 price;
    /// The least trust the dataset may be worked on with; zero: any.
    uint32 trust;
    /// What the dataset needs of a pool, as bits.
    bytes32 tag;
    Restriction onlyApp;
    Restriction onlyPool;
    Restriction onlyRequester;
    Conditions conditions;
}

/// The owner of a worker pool sells computing.
struct PoolOrder {
    AssetId pool;
    uint64 price;
    /// The category of resources that the tasks get.
    uint16 category;
    /// The highest trust the pool serves.
    uint32 trust;
    /// Everything the pool offers, as bits.
    bytes32 tag;
    Restriction onlyApp;
    Restriction onlyDataset;
    Restriction onlyRequester;
    Conditions conditions;
}

/// A requester buys a bag of tasks: an app run in a pool, on a dataset or on none.
struct RequestOrder {
    address requester;
    AssetId app;
    uint64 maxAppPrice;
    /// Zero: no dataset.
    AssetId dataset;
    uint64 maxDatasetPrice;
    uint64 maxPoolPrice;
    uint16 category;
    /// The confidence wanted, as `IPoco` reckons it from the workers' weights; not the chance of a false result, which
    /// depends on who holds the seats (`docs/security.md`). 0 and 1: no replication. In a jury it only says how many
    /// are drawn first.
    uint32 trust;
    bytes32 tag;
    /// A further condition on the app beside its id, such as a curator's list.
    Restriction onlyApp;
    Restriction onlyDataset;
    Restriction onlyPool;
    /// The fewest seats the pool must have, and the least stake behind each.
    uint32 minSeats;
    uint64 minSeatStake;
    /// Whom the result is for.
    address beneficiary;
    /// A contract that is told the result (ERC-1154); zero: none.
    address callback;
    /// Who pays, if not the requester; zero: the requester.
    address sponsor;
    /// Whose enclave certificates may stand in for replication; zero: nobody's.
    Restriction attesters;
    /// Handed to the app. Kept as a hash in the deal, told in full by the event.
    bytes params;
    Conditions conditions;
}

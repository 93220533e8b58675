// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    Batch,
    Match,
    SignedAppOrder,
    SignedDatasetOrder,
    SignedPoolOrder,
    SignedRequestOrder,
    Sponsorship,
    Terms
} from "../../../contracts/interfaces/IClerk.sol";
import {
    POWER_APP_ORDER,
    POWER_DATASET_ORDER,
    POWER_POOL_ORDER,
    POWER_REQUEST_ORDER
} from "../../../contracts/interfaces/IKeyring.sol";
import {AssetId, Restriction} from "../../../contracts/types/Ids.sol";
import {AppOrder, Conditions, DatasetOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg} from "../../../contracts/types/Refusals.sol";
import {Market} from "./Market.sol";
import {vm} from "./Vm.sol";

/// @notice Orders that go together unless a test spoils one, signed and in batches.
abstract contract Orders is Market {
    // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function conditions() internal view returns (Conditions memory c) {
        c.certifier = address(certifier);
        c.validUntil = uint64(block.timestamp + 1 days);
        c.volume = VOLUME;
        c.minFill = 1;
    }

    function appOrder() internal view returns (AppOrder memory o) {
        o.app = app;
        o.price = APP_PRICE;
        o.conditions = conditions();
    }

    function datasetOrder() internal view returns (DatasetOrder memory o) {
        o.dataset = dataset;
        o.price = DATASET_PRICE;
        o.conditions = conditions();
    }

    function poolOrder() internal view returns (PoolOrder memory o) {
        o.pool = pool;
        o.price = POOL_PRICE;
        o.category = 1;
        o.trust = 100;
        o.conditions = conditions();
    }

    function requestOrder() internal view returns (RequestOrder memory o) {
        o.requester = requester;
        o.app = app;
        o.maxAppPrice = APP_PRICE;
        o.maxDatasetPrice = DATASET_PRICE;
        o.maxPoolPrice = POOL_PRICE;
        o.category = 1;
        o.trust = 10;
        o.beneficiary = requester;
        o.params = "--fast";
        o.conditions = conditions();
    }

    function only(address subject) internal pure returns (Restriction) {
        return Restriction.wrap(bytes32(uint256(uint160(subject))));
    }

    function only(AssetId subject) internal pure returns (Restriction) {
        return Restriction.wrap(bytes32(AssetId.unwrap(subject)));
    }

    function group(address members) internal pure returns (Restriction) {
        return Restriction.wrap(bytes32((uint256(0xff) << 248) | uint160(members)));
    }

    // ── Signatures ───────────────────────────────────────────────────────────────────────────────────────────────────

    function digestOf(bytes32 orderHash) internal view returns (bytes32) {
        return digestAt(address(clerk), block.chainid, orderHash);
    }

    function digestAt(address clerk_, uint256 chain, bytes32 orderHash) internal pure returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Hanse Clerk"),
                keccak256("1"),
                chain,
                clerk_
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, orderHash));
    }

    function signature(uint256 key, bytes32 orderHash) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digestOf(orderHash));
        return abi.encodePacked(r, s, v);
    }

    function signed(AppOrder memory o) internal view returns (SignedAppOrder memory) {
        return SignedAppOrder(o, signature(APP_KEY, clerk.hashAppOrder(o)));
    }

    function signed(DatasetOrder memory o) internal view returns (SignedDatasetOrder memory) {
        return SignedDatasetOrder(o, signature(DATASET_KEY, clerk.hashDatasetOrder(o)));
    }

    function signed(PoolOrder memory o) internal view returns (SignedPoolOrder memory) {
        return SignedPoolOrder(o, signature(POOL_KEY, clerk.hashPoolOrder(o)));
    }

    function signed(RequestOrder memory o) internal view returns (SignedRequestOrder memory) {
        return SignedRequestOrder(o, signature(REQUESTER_KEY, clerk.hashRequestOrder(o)));
    }

    // ── Batches ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice One match without a dataset.
    function batchOf(
        AppOrder memory a,
        PoolOrder memory p,
        RequestOrder memory r
    ) internal view returns (Batch memory batch) {
        batch.apps = new SignedAppOrder[](1);
        batch.pools = new SignedPoolOrder[](1);
        batch.requests = new SignedRequestOrder[](1);
        batch.matches = new Match[](1);
        batch.apps[0] = signed(a);
        batch.pools[0] = signed(p);
        batch.requests[0] = signed(r);
        batch.matches[0] = Match(0, NO_DATASET, 0, 0);
    }

    /// @notice One match with a dataset.
    function batchOf(
        AppOrder memory a,
        DatasetOrder memory d,
        PoolOrder memory p,
        RequestOrder memory r
    ) internal view returns (Batch memory batch) {
        batch = batchOf(a, p, r);
        batch.datasets = new SignedDatasetOrder[](1);
        batch.datasets[0] = signed(d);
        batch.matches[0].dataset = 0;
    }

    function batchOf() internal view returns (Batch memory) {
        return batchOf(appOrder(), poolOrder(), requestOrder());
    }

    function batchWithDataset() internal view returns (Batch memory) {
        RequestOrder memory r = requestOrder();
        r.dataset = dataset;
        return batchOf(appOrder(), datasetOrder(), poolOrder(), r);
    }

    // ── One leg of a batch ───────────────────────────────────────────────────────────────────────────────────────────

    function keyOf(Leg leg) internal pure returns (uint256) {
        return [REQUESTER_KEY, APP_KEY, DATASET_KEY, POOL_KEY][uint256(leg)];
    }

    function signerOf(Leg leg) internal pure returns (address) {
        return vm.addr(keyOf(leg));
    }

    function powerOf(Leg leg) internal pure returns (uint16) {
        return [POWER_REQUEST_ORDER, POWER_APP_ORDER, POWER_DATASET_ORDER, POWER_POOL_ORDER][uint256(leg)];
    }

    function hashOf(Batch memory batch, Leg leg) internal view returns (bytes32) {
        if (leg == Leg.Request) return clerk.hashRequestOrder(batch.requests[0].order);
        if (leg == Leg.App) return clerk.hashAppOrder(batch.apps[0].order);
        if (leg == Leg.Dataset) return clerk.hashDatasetOrder(batch.datasets[0].order);
        return clerk.hashPoolOrder(batch.pools[0].order);
    }

    function conditionsOf(Batch memory batch, Leg leg) internal pure returns (Conditions memory) {
        if (leg == Leg.Request) return batch.requests[0].order.conditions;
        if (leg == Leg.App) return batch.apps[0].order.conditions;
        if (leg == Leg.Dataset) return batch.datasets[0].order.conditions;
        return batch.pools[0].order.conditions;
    }

    function setSignature(Batch memory batch, Leg leg, bytes memory sig) internal pure {
        if (leg == Leg.Request) batch.requests[0].signature = sig;
        else if (leg == Leg.App) batch.apps[0].signature = sig;
        else if (leg == Leg.Dataset) batch.datasets[0].signature = sig;
        else batch.pools[0].signature = sig;
    }

    /// @notice Has one leg of the batch signed again, after a change.
    function resign(Batch memory batch, Leg leg) internal view {
        setSignature(batch, leg, signature(keyOf(leg), hashOf(batch, leg)));
    }

    // ── Sponsors and terms ───────────────────────────────────────────────────────────────────────────────────────────

    function sponsorshipHash(Sponsorship memory s, bytes32 requestHash) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256("Sponsorship(bytes32 request,uint64 cap,uint64 validUntil,uint64 epoch)");
        return keccak256(abi.encode(typeHash, requestHash, s.cap, s.validUntil, s.epoch));
    }

    function resign(Sponsorship memory s, uint256 key, RequestOrder memory r) internal view {
        s.signature = signature(key, sponsorshipHash(s, clerk.hashRequestOrder(r)));
    }

    /// @notice The sponsor's word about a request, good until tomorrow.
    function sponsorship(RequestOrder memory r, uint64 cap) internal view returns (Sponsorship memory s) {
        (s.cap, s.validUntil) = (cap, uint64(block.timestamp + 1 days));
        resign(s, SPONSOR_KEY, r);
    }

    function one(Sponsorship memory s) internal pure returns (Sponsorship[] memory list) {
        list = new Sponsorship[](1);
        list[0] = s;
    }

    /// @notice A batch of one match that `sponsor` pays for.
    function sponsoredBatch(uint64 cap) internal view returns (Batch memory batch) {
        RequestOrder memory r = requestOrder();
        r.sponsor = sponsor;
        batch = batchOf(appOrder(), poolOrder(), r);
        batch.sponsorships = one(sponsorship(r, cap));
    }

    function termsHash(address checker, bytes memory data) internal pure returns (bytes32) {
        return keccak256(abi.encode(checker, data));
    }

    /// @notice Puts terms into one order of the batch and brings them.
    function setTerms(Batch memory batch, Leg leg, address checker, bytes memory data) internal view {
        conditionsOf(batch, leg).terms = termsHash(checker, data);
        resign(batch, leg);
        Terms[] memory more = new Terms[](batch.terms.length + 1);
        for (uint256 i = 0; i < batch.terms.length; ++i) {
            more[i] = batch.terms[i];
        }
        more[batch.terms.length] = Terms(checker, data);
        batch.terms = more;
    }
}

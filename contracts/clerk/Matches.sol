// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, IClerk, Match, NO_DATASET} from "../interfaces/IClerk.sol";
import {ICertifier} from "../interfaces/ICertifier.sol";
import {ITerms} from "../interfaces/ITerms.sol";
import {ForeignCall} from "../libraries/ForeignCall.sol";
import {OrderHash} from "../libraries/OrderHash.sol";
import {Restrictions} from "../libraries/Restrictions.sol";
import {DEAL_BYTES, Deal} from "../types/Deals.sol";
import {toDealId, toRequestId} from "../types/Ids.sol";
import {AppOrder, Conditions, DatasetOrder, PoolOrder, RequestOrder} from "../types/Orders.sol";
import {Leg, Refusal} from "../types/Refusals.sol";
import {MatchRules} from "./MatchRules.sol";
import {Standings} from "./Standings.sol";

/// @title Matches
/// @notice The Clerk's orders, together: whether they go together, and what deal they make. Nothing here changes
/// anything.
abstract contract Matches is Standings {
    using OrderHash for bytes;
    using Restrictions for *;

    /// @inheritdoc IClerk
    mapping(address certifier => bool) public isCertifier;

    /// @dev What the check of a match found.
    struct Finding {
        Leg leg;
        // Why it is refused, if it is.
        Refusal refusal;
        // Whether a terms contract was asked, and about a deal of how many tasks from which on.
        bool hasTerms;
        uint32 firstTask;
        uint32 volume;
    }

    /// @dev All that a call of `seal` works on.
    struct Desk {
        Standing[] apps;
        Standing[] datasets;
        Standing[] pools;
        Standing[] requests;
        Finding[] findings;
        // Of the terms that were brought.
        bytes32[] termsHashes;
        // The match at hand: its orders, `noDataset` for none, and its deal. Every match uses the same memory, of which
        // each further word costs more than the one before.
        Standing app;
        Standing dataset;
        Standing pool;
        Standing request;
        Standing noDataset;
        Deal deal;
    }

    /// @dev Everything that may call a stranger's contract, before anything changes.
    function _check(Batch calldata batch, address sealer) internal view returns (Desk memory desk) {
        desk.apps = _standApps(batch.apps, sealer);
        desk.datasets = _standDatasets(batch.datasets, sealer);
        desk.pools = _standPools(batch.pools, sealer);
        desk.requests = _standRequests(batch.requests, batch.sponsorships, sealer);
        desk.termsHashes = new bytes32[](batch.terms.length);
        for (uint256 i = 0; i < batch.terms.length; ++i) {
            desk.termsHashes[i] = keccak256(abi.encode(batch.terms[i].checker, batch.terms[i].data));
        }
        desk.findings = new Finding[](batch.matches.length);
        for (uint256 i = 0; i < batch.matches.length; ++i) {
            _choose(desk, batch.matches[i], i);
            Finding memory finding = desk.findings[i];
            (finding.leg, finding.refusal) = _checkOrders(desk);
            if (finding.refusal == Refusal.None) _checkTerms(batch, desk, finding);
        }
    }

    /// @dev Takes the match at hand.
    function _choose(Desk memory desk, Match calldata chosen, uint256 index) internal pure {
        (uint256 app, uint256 dataset, uint256 pool, uint256 request) = (
            chosen.app,
            chosen.dataset,
            chosen.pool,
            chosen.request
        );
        require(
            app < desk.apps.length &&
                pool < desk.pools.length &&
                request < desk.requests.length &&
                (dataset == NO_DATASET || dataset < desk.datasets.length),
            ClerkMatchOutOfRange(index)
        );
        desk.app = desk.apps[app];
        desk.dataset = dataset == NO_DATASET ? desk.noDataset : desk.datasets[dataset];
        desk.pool = desk.pools[pool];
        desk.request = desk.requests[request];
    }

    // ── The orders of a match together ───────────────────────────────────────────────────────────────────────────────

    function _checkOrders(Desk memory desk) private view returns (Leg, Refusal refusal) {
        RequestOrder calldata request = _requestAt(desk.request.at);
        AppOrder calldata app = _appAt(desk.app.at);
        PoolOrder calldata pool = _poolAt(desk.pool.at);
        bytes32 needs = request.tag | app.tag;

        refusal = desk.request.refusal;
        if (refusal != Refusal.None) return (Leg.Request, refusal);

        refusal = desk.app.refusal;
        if (refusal == Refusal.None) refusal = MatchRules.checkApp(request, app);
        if (refusal == Refusal.None && !app.onlyPool.allows(pool.pool)) refusal = Refusal.Restricted;
        if (refusal != Refusal.None) return (Leg.App, refusal);

        if (desk.dataset.at == 0) {
            if (!request.dataset.isNone()) return (Leg.Dataset, Refusal.DatasetMissing);
        } else {
            DatasetOrder calldata dataset = _datasetAt(desk.dataset.at);
            refusal = desk.dataset.refusal;
            if (refusal == Refusal.None) refusal = MatchRules.checkDataset(request, dataset);
            if (refusal == Refusal.None && !dataset.onlyPool.allows(pool.pool)) refusal = Refusal.Restricted;
            if (refusal != Refusal.None) return (Leg.Dataset, refusal);
            needs |= dataset.tag;
        }

        refusal = desk.pool.refusal;
        if (refusal == Refusal.None) refusal = MatchRules.checkPool(request, pool, needs);
        if (refusal != Refusal.None) return (Leg.Pool, refusal);

        if (!isCertifier[request.conditions.certifier]) refusal = Refusal.CertifierNotRegistered;
        return (Leg.Request, refusal);
    }

    /// @dev Asks the terms contracts of a match's orders about the deal as it would be sealed now.
    function _checkTerms(Batch calldata batch, Desk memory desk, Finding memory finding) private view {
        bytes32 request = _requestAt(desk.request.at).conditions.terms;
        bytes32 app = _appAt(desk.app.at).conditions.terms;
        bytes32 dataset = desk.dataset.at == 0 ? bytes32(0) : _datasetAt(desk.dataset.at).conditions.terms;
        bytes32 pool = _poolAt(desk.pool.at).conditions.terms;
        if (request | app | dataset | pool == 0) return;

        Deal memory draft = desk.deal;
        _fillDeal(desk, draft);
        (finding.leg, finding.refusal, draft.volume) = _volume(desk);
        if (finding.refusal != Refusal.None) return;
        (finding.hasTerms, finding.firstTask, finding.volume) = (true, draft.firstTask, draft.volume);

        if (!_accepts(batch, desk, Leg.Request, request, desk.request.hash)) finding.leg = Leg.Request;
        else if (!_accepts(batch, desk, Leg.App, app, desk.app.hash)) finding.leg = Leg.App;
        else if (!_accepts(batch, desk, Leg.Dataset, dataset, desk.dataset.hash)) finding.leg = Leg.Dataset;
        else if (!_accepts(batch, desk, Leg.Pool, pool, desk.pool.hash)) finding.leg = Leg.Pool;
        else return;
        finding.refusal = Refusal.TermsNotMet;
    }

    /// @dev Terms that nobody brought are not met.
    function _accepts(
        Batch calldata batch,
        Desk memory desk,
        Leg leg,
        bytes32 terms,
        bytes32 orderHash
    ) private view returns (bool) {
        if (terms == 0) return true;
        for (uint256 i = 0; i < desk.termsHashes.length; ++i) {
            if (desk.termsHashes[i] != terms) continue;
            bytes memory question = abi.encodeCall(ITerms.accepts, (leg, orderHash, desk.deal, batch.terms[i].data));
            return ForeignCall.ask(batch.terms[i].checker, question) == bytes32(uint256(1));
        }
        return false;
    }

    /// @dev What a match whose orders go together comes to, as `desk.deal`: refused when volume, the certifier's terms or
    /// money do not suffice. Changes nothing.
    function _assess(Desk memory desk, Finding memory finding) internal view returns (Leg leg, Refusal refusal) {
        Deal memory deal = desk.deal;
        _fillDeal(desk, deal);

        (leg, refusal, deal.volume) = _volume(desk);
        if (refusal != Refusal.None) return (leg, refusal);
        // An earlier match took some of it: terms contracts were asked about another deal.
        if (finding.hasTerms && (deal.firstTask != finding.firstTask || deal.volume != finding.volume)) {
            return (Leg.Request, Refusal.TermsNotMet);
        }

        RequestOrder calldata request = _requestAt(desk.request.at);
        refusal = _admit(deal, request.minSeats, request.minSeatStake);
        if (refusal != Refusal.None) return (Leg.Pool, refusal);

        (uint256 price, uint256 stake) = _amounts(deal);
        if (price > _accounts[deal.payer].free) return (Leg.Request, Refusal.PayerUnfunded);
        if (!_maySpend(desk.request, deal.payer, price)) return (Leg.Request, Refusal.OperatorLimit);
        if (request.sponsor != address(0) && !_maySponsor(desk.request, deal.payer, price)) {
            return (Leg.Request, Refusal.SponsorCapTooLow);
        }
        // Who buys from its own pool needs money for both, and so does a key that signed both.
        uint256 both = deal.poolOwner == deal.payer ? stake + price : stake;
        if (both > _accounts[deal.poolOwner].free) return (Leg.Pool, Refusal.PoolUnfunded);
        if (!_maySpend(desk.pool, deal.poolOwner, desk.pool.operator == desk.request.operator ? both : stake)) {
            return (Leg.Pool, Refusal.OperatorLimit);
        }
        return (leg, Refusal.None);
    }

    /// @dev All of the deal but its volume, and what the certifier adds.
    function _fillDeal(Desk memory desk, Deal memory deal) private view {
        RequestOrder calldata request = _requestAt(desk.request.at);
        AppOrder calldata app = _appAt(desk.app.at);
        PoolOrder calldata pool = _poolAt(desk.pool.at);
        deal.requestId = toRequestId(request.requester, request.conditions.salt);
        deal.app = request.app;
        deal.dataset = request.dataset;
        deal.pool = pool.pool;
        deal.appOwner = desk.app.signer;
        deal.datasetOwner = desk.dataset.signer;
        deal.poolOwner = desk.pool.signer;
        deal.requester = request.requester;
        deal.payer = request.sponsor == address(0) ? request.requester : request.sponsor;
        deal.beneficiary = request.beneficiary;
        deal.callback = request.callback;
        deal.certifier = request.conditions.certifier;
        deal.appPrice = app.price;
        deal.poolPrice = pool.price;
        deal.poolStake = 0;
        // Fits 64 bits for some billions of years.
        deal.sealedAtBlock = uint64(block.number);
        deal.firstTask = _deals[toDealId(deal.requestId, 0)].requestFilled;
        deal.trust = request.trust;
        deal.category = request.category;
        deal.paramsHash = request.params.hash();
        deal.attesters = request.attesters;
        deal.frozen = 0;
        if (desk.dataset.at == 0) {
            deal.datasetPrice = 0;
            deal.tag = request.tag | app.tag;
        } else {
            DatasetOrder calldata dataset = _datasetAt(desk.dataset.at);
            deal.datasetPrice = dataset.price;
            deal.tag = request.tag | app.tag | dataset.tag;
        }
    }

    /// @dev The smallest volume left, if it is enough for everybody.
    function _volume(Desk memory desk) private view returns (Leg leg, Refusal refusal, uint32 volume) {
        Conditions calldata request = _requestAt(desk.request.at).conditions;
        Conditions calldata app = _appAt(desk.app.at).conditions;
        Conditions calldata pool = _poolAt(desk.pool.at).conditions;

        // The order with the least left decides, and is the one to blame when an earlier match took the rest of it.
        // Another request of the batch with the same salt may have taken more than this one's volume.
        uint32 left = desk.deal.firstTask;
        volume = left < request.volume ? request.volume - left : 0;
        left = _left(Leg.App, desk.app.signer, app);
        if (left < volume) (leg, volume) = (Leg.App, left);
        uint32 datasetMinFill = 0;
        if (desk.dataset.at != 0) {
            Conditions calldata dataset = _datasetAt(desk.dataset.at).conditions;
            left = _left(Leg.Dataset, desk.dataset.signer, dataset);
            if (left < volume) (leg, volume) = (Leg.Dataset, left);
            datasetMinFill = dataset.minFill;
        }
        left = _left(Leg.Pool, desk.pool.signer, pool);
        if (left < volume) (leg, volume) = (Leg.Pool, left);

        if (volume == 0) return (leg, Refusal.CancelledOrFilled, 0);
        if (volume < request.minFill) return (Leg.Request, Refusal.FillTooSmall, 0);
        if (volume < app.minFill) return (Leg.App, Refusal.FillTooSmall, 0);
        if (volume < datasetMinFill) return (Leg.Dataset, Refusal.FillTooSmall, 0);
        if (volume < pool.minFill) return (Leg.Pool, Refusal.FillTooSmall, 0);
    }

    /// @dev What buyer and pool lock for all of a deal's tasks. Prices are 64 bits and the volume 32: it fits by far.
    function _amounts(Deal memory deal) internal pure returns (uint256 price, uint256 stake) {
        unchecked {
            price = (uint256(deal.appPrice) + deal.datasetPrice + deal.poolPrice) * deal.volume;
            stake = uint256(deal.poolStake) * deal.volume;
        }
    }

    /// @dev `(refusal, deal.poolStake, deal.frozen) = certifier.admit(deal, minSeats, minSeatStake)`, with the deal sent as it
    /// lies in memory.
    function _admit(Deal memory deal, uint32 minSeats, uint64 minSeatStake) private view returns (Refusal) {
        bytes4 selector = ICertifier.admit.selector;
        address certifier = deal.certifier;
        uint256 refusal;
        uint256 poolStake;
        bytes32 frozen;
        uint256 dealBytes = DEAL_BYTES;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, selector)
            mcopy(add(data, 4), deal, dealBytes)
            let tail := add(add(data, 4), dealBytes)
            mstore(tail, minSeats)
            mstore(add(tail, 0x20), minSeatStake)
            let success := staticcall(gas(), certifier, data, add(dealBytes, 0x44), data, 0x60)
            // A certifier that reverts, or answers less than it has to, stops the batch: governance registered it.
            if or(iszero(success), lt(returndatasize(), 0x60)) {
                returndatacopy(data, 0, returndatasize())
                revert(data, returndatasize())
            }
            refusal := mload(data)
            poolStake := mload(add(data, 0x20))
            frozen := mload(add(data, 0x40))
        }
        // Cut to what the interface says, as every deal's fields are read.
        (deal.poolStake, deal.frozen) = (uint64(poolStake), frozen);
        return Refusal(refusal);
    }
}

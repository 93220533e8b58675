// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Batch, DealState, Entry, IClerk, Match, OrderHashes, NO_DATASET} from "../interfaces/IClerk.sol";
import {ICertifier} from "../interfaces/ICertifier.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {OrderHash} from "../libraries/OrderHash.sol";
import {Restrictions} from "../libraries/Restrictions.sol";
import {Deal} from "../types/Deals.sol";
import {AssetId, DealId, toDealId} from "../types/Ids.sol";
import {AppOrder, Conditions, DatasetOrder, PoolOrder, RequestOrder} from "../types/Orders.sol";
import {Leg, Refusal} from "../types/Refusals.sol";
import {Accounts} from "./Accounts.sol";
import {MatchRules} from "./MatchRules.sol";
import {Standings} from "./Standings.sol";

/// @title Clerk
/// @notice What was agreed and who holds the money. `IClerk` says what each part does, emits, refuses and assumes.
contract Clerk is Standings, Ownable2Step {
    using OrderHash for bytes;
    using Restrictions for *;

    /// @dev A `Deal` in memory: 25 words.
    uint256 private constant DEAL_BYTES = 25 * 32;

    /// @inheritdoc IClerk
    mapping(address certifier => bool) public isCertifier;

    /// @dev Why a match is refused, if it is.
    struct Verdict {
        Leg leg;
        Refusal refusal;
    }

    /// @dev All that a call of `seal` works on. In memory as one, since the stack has no room for it.
    struct Desk {
        Standing[] apps;
        Standing[] datasets;
        Standing[] pools;
        Standing[] requests;
        Verdict[] verdicts;
        // The deal at hand. One for all matches: memory grows dearer with its size.
        Deal deal;
    }

    constructor(
        IERC20 token,
        IRegistry registry,
        address governance
    ) Accounts(token) Standings(registry) Ownable(governance) {}

    // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IClerk
    function seal(Batch calldata batch, bool strict) external returns (uint256 sealedCount) {
        // Check: everything that may call a stranger's contract, before anything changes.
        Desk memory desk;
        desk.apps = _standApps(batch.apps);
        desk.datasets = _standDatasets(batch.datasets);
        desk.pools = _standPools(batch.pools);
        desk.requests = _standRequests(batch.requests);
        desk.verdicts = new Verdict[](batch.matches.length);
        for (uint256 i = 0; i < batch.matches.length; ++i) {
            Match calldata chosen = batch.matches[i];
            require(
                chosen.app < desk.apps.length &&
                    chosen.pool < desk.pools.length &&
                    chosen.request < desk.requests.length &&
                    (chosen.dataset == NO_DATASET || chosen.dataset < desk.datasets.length),
                ClerkMatchOutOfRange(i)
            );
            (desk.verdicts[i].leg, desk.verdicts[i].refusal) = _checkOrders(batch, desk, chosen);
        }

        // Effect: volumes and money, one match after the other.
        for (uint256 i = 0; i < batch.matches.length; ++i) {
            Match calldata chosen = batch.matches[i];
            (Leg leg, Refusal refusal) = (desk.verdicts[i].leg, desk.verdicts[i].refusal);
            if (refusal == Refusal.None) (leg, refusal) = _sealOne(batch, desk, chosen);
            if (refusal == Refusal.None) {
                ++sealedCount;
            } else {
                require(!strict, ClerkMatchRefused(i, leg, refusal));
                emit MatchRefused(i, desk.requests[chosen.request].hash, leg, refusal);
            }
        }
    }

    // ── Certifiers ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IClerk
    function settle(Deal memory deal, Entry[] calldata seized, Entry[] calldata credits) external {
        // Check
        (DealId id, DealState memory state) = _checkDeal(deal);
        require(msg.sender == deal.certifier, ClerkNotTheCertifier(deal.certifier, msg.sender));
        require(state.openUnits != 0, ClerkDealClosed(id));
        // Effect
        _deals[id].openUnits = state.openUnits - 1;
        uint64 unit = deal.buyerUnit();
        _release(deal.payer, unit);
        _release(deal.poolOwner, deal.poolStake);
        uint256 seizedTotal = _seize(seized);
        _distribute(uint256(unit) + deal.poolStake + seizedTotal, credits);
        // Bonds are locked balances: their sum is below 2^64.
        emit UnitSettled(id, state.openUnits - 1, uint64(seizedTotal));
    }

    /// @inheritdoc IClerk
    function registerCertifier(address certifier, bool registered) external onlyOwner {
        isCertifier[certifier] = registered;
        emit CertifierRegistered(certifier, registered);
    }

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IClerk
    function dealState(DealId id) external view returns (DealState memory) {
        return _deals[id];
    }

    /// @inheritdoc IClerk
    function checkDeal(Deal memory deal) external view returns (DealState memory state) {
        (, state) = _checkDeal(deal);
    }

    // ── The orders of a match together ───────────────────────────────────────────────────────────────────────────────

    function _checkOrders(
        Batch calldata batch,
        Desk memory desk,
        Match calldata chosen
    ) private view returns (Leg, Refusal refusal) {
        RequestOrder calldata request = batch.requests[chosen.request].order;
        AppOrder calldata app = batch.apps[chosen.app].order;
        PoolOrder calldata pool = batch.pools[chosen.pool].order;
        bytes32 needs = request.tag | app.tag;

        refusal = desk.requests[chosen.request].refusal;
        if (refusal != Refusal.None) return (Leg.Request, refusal);

        refusal = desk.apps[chosen.app].refusal;
        if (refusal == Refusal.None) refusal = MatchRules.checkApp(request, app);
        if (refusal == Refusal.None && !app.onlyPool.allows(pool.pool)) refusal = Refusal.Restricted;
        if (refusal != Refusal.None) return (Leg.App, refusal);

        if (chosen.dataset == NO_DATASET) {
            if (!request.dataset.isNone()) return (Leg.Dataset, Refusal.DatasetMissing);
        } else {
            DatasetOrder calldata dataset = batch.datasets[chosen.dataset].order;
            refusal = desk.datasets[chosen.dataset].refusal;
            if (refusal == Refusal.None) refusal = MatchRules.checkDataset(request, dataset);
            if (refusal == Refusal.None && !dataset.onlyPool.allows(pool.pool)) refusal = Refusal.Restricted;
            if (refusal != Refusal.None) return (Leg.Dataset, refusal);
            needs |= dataset.tag;
        }

        refusal = desk.pools[chosen.pool].refusal;
        if (refusal == Refusal.None) refusal = MatchRules.checkPool(request, pool, needs);
        if (refusal != Refusal.None) return (Leg.Pool, refusal);

        if (!isCertifier[request.conditions.certifier]) refusal = Refusal.CertifierNotRegistered;
        return (Leg.Request, refusal);
    }

    // ── Sealing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Refuses when volume, the certifier's terms or money do not suffice, before it changes anything.
    function _sealOne(
        Batch calldata batch,
        Desk memory desk,
        Match calldata chosen
    ) private returns (Leg leg, Refusal refusal) {
        RequestOrder calldata request = batch.requests[chosen.request].order;
        Deal memory deal = desk.deal;
        _fillDeal(batch, desk, chosen, deal);

        // Check
        (leg, refusal, deal.volume) = _volume(batch, desk, chosen, deal.firstTask);
        if (refusal != Refusal.None) return (leg, refusal);

        (refusal, deal.poolStake, deal.frozen) = ICertifier(deal.certifier).admit(
            deal,
            request.minSeats,
            request.minSeatStake
        );
        if (refusal != Refusal.None) return (Leg.Pool, refusal);

        // Prices are 64 bits and the volume 32: their products fit 256 by far.
        uint256 price = (uint256(deal.appPrice) + deal.datasetPrice + deal.poolPrice) * deal.volume;
        if (price > _accounts[deal.payer].free) return (Leg.Request, Refusal.PayerUnfunded);
        uint256 stake = uint256(deal.poolStake) * deal.volume;
        uint256 needed = deal.poolOwner == deal.payer ? stake + price : stake;
        if (needed > _accounts[deal.poolOwner].free) return (Leg.Pool, Refusal.PoolUnfunded);

        // Effect
        _lock(deal.payer, price);
        _lock(deal.poolOwner, stake);
        _take(desk.apps[chosen.app], deal.volume);
        _take(desk.pools[chosen.pool], deal.volume);
        if (chosen.dataset != NO_DATASET) _take(desk.datasets[chosen.dataset], deal.volume);
        _store(batch, desk, chosen, deal);
    }

    /// @dev All of the deal but its volume, and what the certifier adds.
    function _fillDeal(Batch calldata batch, Desk memory desk, Match calldata chosen, Deal memory deal) private view {
        RequestOrder calldata request = batch.requests[chosen.request].order;
        AppOrder calldata app = batch.apps[chosen.app].order;
        PoolOrder calldata pool = batch.pools[chosen.pool].order;
        deal.requestHash = desk.requests[chosen.request].hash;
        deal.app = request.app;
        deal.dataset = request.dataset;
        deal.pool = pool.pool;
        deal.appOwner = desk.apps[chosen.app].signer;
        deal.poolOwner = desk.pools[chosen.pool].signer;
        deal.requester = request.requester;
        deal.payer = request.requester;
        deal.beneficiary = request.beneficiary;
        deal.callback = request.callback;
        deal.certifier = request.conditions.certifier;
        deal.appPrice = app.price;
        deal.poolPrice = pool.price;
        deal.poolStake = 0;
        // Fits 64 bits for some billions of years.
        deal.sealedAtBlock = uint64(block.number);
        deal.firstTask = _deals[toDealId(deal.requestHash, 0)].requestFilled;
        deal.trust = request.trust;
        deal.category = request.category;
        deal.paramsHash = request.params.hash();
        deal.attesters = request.attesters;
        deal.frozen = 0;
        if (chosen.dataset == NO_DATASET) {
            (deal.datasetOwner, deal.datasetPrice) = (address(0), 0);
            deal.tag = request.tag | app.tag;
        } else {
            DatasetOrder calldata dataset = batch.datasets[chosen.dataset].order;
            (deal.datasetOwner, deal.datasetPrice) = (desk.datasets[chosen.dataset].signer, dataset.price);
            deal.tag = request.tag | app.tag | dataset.tag;
        }
    }

    /// @dev The smallest volume left, if it is enough for everybody.
    function _volume(
        Batch calldata batch,
        Desk memory desk,
        Match calldata chosen,
        uint32 requestFilled
    ) private view returns (Leg leg, Refusal refusal, uint32 volume) {
        Conditions calldata request = batch.requests[chosen.request].order.conditions;
        Conditions calldata app = batch.apps[chosen.app].order.conditions;
        Conditions calldata pool = batch.pools[chosen.pool].order.conditions;

        // The order with the least left decides, and is the one to blame when an earlier match took the rest of it.
        volume = request.volume - requestFilled;
        uint32 left = _left(desk.apps[chosen.app], app);
        if (left < volume) (leg, volume) = (Leg.App, left);
        uint32 datasetMinFill = 0;
        if (chosen.dataset != NO_DATASET) {
            Conditions calldata dataset = batch.datasets[chosen.dataset].order.conditions;
            left = _left(desk.datasets[chosen.dataset], dataset);
            if (left < volume) (leg, volume) = (Leg.Dataset, left);
            datasetMinFill = dataset.minFill;
        }
        left = _left(desk.pools[chosen.pool], pool);
        if (left < volume) (leg, volume) = (Leg.Pool, left);

        if (volume == 0) return (leg, Refusal.CancelledOrFilled, 0);
        if (volume < request.minFill) return (Leg.Request, Refusal.FillTooSmall, 0);
        if (volume < app.minFill) return (Leg.App, Refusal.FillTooSmall, 0);
        if (volume < datasetMinFill) return (Leg.Dataset, Refusal.FillTooSmall, 0);
        if (volume < pool.minFill) return (Leg.Pool, Refusal.FillTooSmall, 0);
    }

    // ── Deals ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _store(Batch calldata batch, Desk memory desk, Match calldata chosen, Deal memory deal) private {
        DealId id = deal.dealId();
        // No more than the request's volume, which is 32 bits.
        uint32 requestFilled = deal.firstTask + deal.volume;
        if (deal.firstTask != 0) {
            _deals[toDealId(deal.requestHash, 0)].requestFilled = requestFilled;
            requestFilled = 0;
        }
        _deals[id] = DealState({openUnits: deal.volume, requestFilled: requestFilled, commitment: _commitment(deal)});

        OrderHashes memory orders = OrderHashes({
            app: desk.apps[chosen.app].hash,
            dataset: chosen.dataset == NO_DATASET ? bytes32(0) : desk.datasets[chosen.dataset].hash,
            pool: desk.pools[chosen.pool].hash,
            request: deal.requestHash
        });
        bytes calldata params = batch.requests[chosen.request].order.params;
        emit DealSealed(id, bytes32(AssetId.unwrap(deal.pool)), deal.requestHash, orders, deal, params);
    }

    function _checkDeal(Deal memory deal) private view returns (DealId id, DealState memory state) {
        id = deal.dealId();
        state = _deals[id];
        // An unknown deal's commitment is zero, and nothing hashes to that.
        require(state.commitment == _commitment(deal), ClerkDealUnknown(id));
    }

    /// @dev 192 bits: a collision costs 2^96.
    function _commitment(Deal memory deal) private pure returns (bytes24) {
        // A static struct lies in memory as its ABI encoding: hashed where it is, not copied first.
        bytes32 hash;
        assembly ("memory-safe") {
            hash := keccak256(deal, DEAL_BYTES)
        }
        return bytes24(hash);
    }
}

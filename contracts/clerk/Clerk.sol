// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {
    Account,
    Batch,
    DealState,
    Entry,
    IClerk,
    Match,
    OrderHashes
} from "../interfaces/IClerk.sol";
import {ICertifier} from "../interfaces/ICertifier.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {OrderHash} from "../libraries/OrderHash.sol";
import {Restrictions} from "../libraries/Restrictions.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {Deal} from "../types/Deals.sol";
import {AssetId, AssetKind, DealId} from "../types/Ids.sol";
import {AppOrder, Conditions, DatasetOrder, PoolOrder, RequestOrder} from "../types/Orders.sol";
import {Leg, Refusal} from "../types/Refusals.sol";
import {Accounts} from "./Accounts.sol";
import {MatchRules} from "./MatchRules.sol";

/// @title Clerk
/// @notice What was agreed and who holds the money. `IClerk` says what each part does, emits, refuses and assumes.
contract Clerk is Accounts, EIP712, Ownable2Step {
    using OrderHash for *;
    using Restrictions for *;

    /// @notice Stands for "no dataset" in a match.
    uint16 public constant NO_DATASET = type(uint16).max;

    uint32 private constant CANCELLED = type(uint32).max;

    /// @notice Where assets and their owners are looked up.
    IRegistry public immutable REGISTRY;

    /// @inheritdoc IClerk
    mapping(address certifier => bool) public isCertifier;

    /// @dev Keyed by signer, so that anyone can cancel a hash of its own and nobody another's.
    mapping(address signer => mapping(bytes32 orderHash => uint32)) private _filled;
    mapping(DealId id => DealState) private _deals;

    /// @dev An order of the batch by itself. What is left of it is read when a match takes from it, since a batch may
    /// name one order in two places.
    struct Standing {
        bytes32 hash;
        address signer;
        Refusal refusal;
    }

    /// @dev What is known of a match once every rule was checked.
    struct Draft {
        Deal deal;
        Leg leg;
        Refusal refusal;
    }

    /// @dev All that a call of `seal` works on. In memory as one, since the stack has no room for it.
    struct Desk {
        Standing[] apps;
        Standing[] datasets;
        Standing[] pools;
        Standing[] requests;
        Draft[] drafts;
    }

    constructor(IERC20 token, IRegistry registry, address governance)
        Accounts(token)
        EIP712("Hanse Clerk", "1")
        Ownable(governance)
    {
        REGISTRY = registry;
    }

    // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IClerk
    function cancel(bytes32 orderHash) external {
        _filled[msg.sender][orderHash] = CANCELLED;
        emit OrderCancelled(msg.sender, orderHash);
    }

    /// @inheritdoc IClerk
    function raiseEpoch(uint64 epoch) external {
        uint64 current = _accounts[msg.sender].epoch;
        require(epoch > current, ClerkEpochNotRaised(msg.sender, current, epoch));
        _accounts[msg.sender].epoch = epoch;
        emit EpochRaised(msg.sender, epoch);
    }

    /// @inheritdoc IClerk
    function seal(Batch calldata batch, bool strict) external returns (uint256 sealedCount) {
        // Check: everything that may call a stranger's contract, before anything changes.
        Desk memory desk;
        _standApps(batch, desk);
        _standDatasets(batch, desk);
        _standPools(batch, desk);
        _standRequests(batch, desk);
        desk.drafts = new Draft[](batch.matches.length);
        for (uint256 i = 0; i < batch.matches.length; ++i) {
            _draft(batch, desk, i);
        }

        // Effect: volumes and money, one match after the other.
        for (uint256 i = 0; i < batch.matches.length; ++i) {
            Draft memory draft = desk.drafts[i];
            if (draft.refusal == Refusal.None) _sealOne(batch, desk, i);
            if (draft.refusal == Refusal.None) {
                ++sealedCount;
            } else {
                require(!strict, ClerkMatchRefused(i, draft.leg, draft.refusal));
                emit MatchRefused(i, desk.requests[batch.matches[i].request].hash, draft.leg, draft.refusal);
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
    function filled(address signer, bytes32 orderHash) external view returns (uint32) {
        return _filled[signer][orderHash];
    }

    /// @inheritdoc IClerk
    function dealState(DealId id) external view returns (DealState memory) {
        return _deals[id];
    }

    /// @inheritdoc IClerk
    function checkDeal(Deal memory deal) external view returns (DealState memory state) {
        (, state) = _checkDeal(deal);
    }

    /// @inheritdoc IClerk
    function hashAppOrder(AppOrder calldata order) external pure returns (bytes32) {
        return order.hash();
    }

    /// @inheritdoc IClerk
    function hashDatasetOrder(DatasetOrder calldata order) external pure returns (bytes32) {
        return order.hash();
    }

    /// @inheritdoc IClerk
    function hashPoolOrder(PoolOrder calldata order) external pure returns (bytes32) {
        return order.hash();
    }

    /// @inheritdoc IClerk
    function hashRequestOrder(RequestOrder calldata order) external pure returns (bytes32) {
        return order.hash();
    }

    // ── Each order by itself ─────────────────────────────────────────────────────────────────────────────────────────

    function _standApps(Batch calldata batch, Desk memory desk) private view {
        desk.apps = new Standing[](batch.apps.length);
        for (uint256 i = 0; i < batch.apps.length; ++i) {
            AppOrder calldata order = batch.apps[i].order;
            desk.apps[i] = _standOfAsset(
                order.app, AssetKind.App, order.hash(), order.conditions, batch.apps[i].signature
            );
        }
    }

    function _standDatasets(Batch calldata batch, Desk memory desk) private view {
        desk.datasets = new Standing[](batch.datasets.length);
        for (uint256 i = 0; i < batch.datasets.length; ++i) {
            DatasetOrder calldata order = batch.datasets[i].order;
            desk.datasets[i] = _standOfAsset(
                order.dataset, AssetKind.Dataset, order.hash(), order.conditions, batch.datasets[i].signature
            );
        }
    }

    function _standPools(Batch calldata batch, Desk memory desk) private view {
        desk.pools = new Standing[](batch.pools.length);
        for (uint256 i = 0; i < batch.pools.length; ++i) {
            PoolOrder calldata order = batch.pools[i].order;
            desk.pools[i] = _standOfAsset(
                order.pool, AssetKind.Pool, order.hash(), order.conditions, batch.pools[i].signature
            );
        }
    }

    function _standRequests(Batch calldata batch, Desk memory desk) private view {
        desk.requests = new Standing[](batch.requests.length);
        for (uint256 i = 0; i < batch.requests.length; ++i) {
            RequestOrder calldata order = batch.requests[i].order;
            Standing memory standing =
                _stand(order.requester, order.hash(), order.conditions, batch.requests[i].signature);
            // A sponsor pays only by its own signature, and none can be handed in yet.
            if (order.sponsor != address(0) && standing.refusal == Refusal.None) {
                standing.refusal = Refusal.SponsorNotSigned;
            }
            desk.requests[i] = standing;
        }
    }

    /// @dev The signer of an asset's order is whoever owns the asset now: a sale of the asset voids its orders.
    function _standOfAsset(
        AssetId asset,
        AssetKind kind,
        bytes32 orderHash,
        Conditions calldata conditions,
        bytes calldata signature
    ) private view returns (Standing memory standing) {
        address owner = asset.assetKind() == kind ? REGISTRY.ownerOrZero(asset) : address(0);
        standing = _stand(owner, orderHash, conditions, signature);
        if (owner == address(0)) standing.refusal = Refusal.WrongKind;
    }

    function _stand(address signer, bytes32 orderHash, Conditions calldata conditions, bytes calldata signature)
        private
        view
        returns (Standing memory standing)
    {
        standing.hash = orderHash;
        standing.signer = signer;

        if (block.timestamp > conditions.validUntil) {
            standing.refusal = Refusal.Expired;
        } else if (conditions.epoch != _accounts[signer].epoch) {
            standing.refusal = Refusal.WrongEpoch;
        } else if (_filled[signer][orderHash] >= conditions.volume) {
            standing.refusal = Refusal.CancelledOrFilled;
        } else if (conditions.matcher != address(0) && conditions.matcher != msg.sender) {
            standing.refusal = Refusal.NotTheMatcher;
        } else if (conditions.terms != 0) {
            // No contract that could check them can be handed in yet.
            standing.refusal = Refusal.TermsNotMet;
        } else if (!Signatures.isValid(signer, _hashTypedDataV4(orderHash), signature)) {
            standing.refusal = Refusal.BadSignature;
        }
    }

    // ── The orders of a match together ───────────────────────────────────────────────────────────────────────────────

    function _draft(Batch calldata batch, Desk memory desk, uint256 index) private view {
        Match calldata chosen = batch.matches[index];
        require(
            chosen.app < desk.apps.length && chosen.pool < desk.pools.length && chosen.request < desk.requests.length
                && (chosen.dataset == NO_DATASET || chosen.dataset < desk.datasets.length),
            ClerkMatchOutOfRange(index)
        );
        Draft memory draft = desk.drafts[index];
        (draft.leg, draft.refusal) = _refusalOfOrders(batch, desk, chosen);
        if (draft.refusal != Refusal.None) return;

        RequestOrder calldata request = batch.requests[chosen.request].order;
        if (!isCertifier[request.conditions.certifier]) {
            (draft.leg, draft.refusal) = (Leg.Request, Refusal.CertifierNotRegistered);
            return;
        }
        _fillDeal(batch, desk, chosen, draft.deal);
        (draft.refusal, draft.deal.poolStake, draft.deal.frozen) =
            ICertifier(draft.deal.certifier).admit(draft.deal, request.minSeats, request.minSeatStake);
        draft.leg = Leg.Pool;
    }

    function _refusalOfOrders(Batch calldata batch, Desk memory desk, Match calldata chosen)
        private
        view
        returns (Leg, Refusal refusal)
    {
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
        return (Leg.Pool, refusal);
    }

    /// @dev All of the deal but its volume, first task, stake and the certifier's own parameters.
    function _fillDeal(Batch calldata batch, Desk memory desk, Match calldata chosen, Deal memory deal) private view {
        RequestOrder calldata request = batch.requests[chosen.request].order;
        deal.requestHash = desk.requests[chosen.request].hash;
        deal.app = request.app;
        deal.dataset = request.dataset;
        deal.pool = batch.pools[chosen.pool].order.pool;
        deal.appOwner = desk.apps[chosen.app].signer;
        deal.poolOwner = desk.pools[chosen.pool].signer;
        deal.requester = request.requester;
        deal.payer = request.requester;
        deal.beneficiary = request.beneficiary;
        deal.callback = request.callback;
        deal.certifier = request.conditions.certifier;
        deal.appPrice = batch.apps[chosen.app].order.price;
        deal.poolPrice = batch.pools[chosen.pool].order.price;
        if (chosen.dataset != NO_DATASET) {
            deal.datasetOwner = desk.datasets[chosen.dataset].signer;
            deal.datasetPrice = batch.datasets[chosen.dataset].order.price;
        }
        // Neither fits less than 64 bits for some billions of years.
        deal.sealedAtBlock = uint64(block.number);
        deal.trust = request.trust;
        deal.category = request.category;
        deal.tag = request.tag;
        deal.paramsHash = keccak256(request.params);
        deal.attesters = request.attesters;
    }

    // ── Sealing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Leaves a refusal in the draft when volume or money do not suffice any more.
    function _sealOne(Batch calldata batch, Desk memory desk, uint256 index) private {
        Match calldata chosen = batch.matches[index];
        Draft memory draft = desk.drafts[index];
        Deal memory deal = draft.deal;

        (draft.leg, draft.refusal, deal.volume) = _volume(batch, desk, chosen);
        if (draft.refusal != Refusal.None) return;

        // Prices are 64 bits and the volume 32: their products fit 256 by far.
        uint256 price =
            (uint256(deal.appPrice) + deal.datasetPrice + deal.poolPrice) * deal.volume;
        if (price > _accounts[deal.payer].free) {
            (draft.leg, draft.refusal) = (Leg.Request, Refusal.PayerUnfunded);
            return;
        }
        uint256 stake = uint256(deal.poolStake) * deal.volume;
        uint256 needed = deal.poolOwner == deal.payer ? stake + price : stake;
        if (needed > _accounts[deal.poolOwner].free) {
            (draft.leg, draft.refusal) = (Leg.Pool, Refusal.PoolUnfunded);
            return;
        }
        _lock(deal.payer, price);
        _lock(deal.poolOwner, stake);

        OrderHashes memory orders;
        deal.firstTask = _take(desk.requests[chosen.request], deal.volume);
        _take(desk.apps[chosen.app], deal.volume);
        _take(desk.pools[chosen.pool], deal.volume);
        (orders.request, orders.app, orders.pool) =
            (deal.requestHash, desk.apps[chosen.app].hash, desk.pools[chosen.pool].hash);
        if (chosen.dataset != NO_DATASET) {
            _take(desk.datasets[chosen.dataset], deal.volume);
            orders.dataset = desk.datasets[chosen.dataset].hash;
        }

        DealId id = deal.dealId();
        _deals[id] = DealState({openUnits: deal.volume, commitment: _commitment(deal)});
        emit DealSealed(
            id,
            bytes32(AssetId.unwrap(deal.pool)),
            deal.requestHash,
            orders,
            deal,
            batch.requests[chosen.request].order.params
        );
    }

    /// @dev The smallest remaining volume, if it is enough for everybody.
    function _volume(Batch calldata batch, Desk memory desk, Match calldata chosen)
        private
        view
        returns (Leg leg, Refusal refusal, uint32 volume)
    {
        Conditions calldata request = batch.requests[chosen.request].order.conditions;
        Conditions calldata app = batch.apps[chosen.app].order.conditions;
        Conditions calldata pool = batch.pools[chosen.pool].order.conditions;

        volume = _remaining(request, desk.requests[chosen.request]);
        volume = _min(volume, _remaining(app, desk.apps[chosen.app]));
        volume = _min(volume, _remaining(pool, desk.pools[chosen.pool]));
        uint32 datasetMinFill = 0;
        if (chosen.dataset != NO_DATASET) {
            Conditions calldata dataset = batch.datasets[chosen.dataset].order.conditions;
            volume = _min(volume, _remaining(dataset, desk.datasets[chosen.dataset]));
            datasetMinFill = dataset.minFill;
        }
        if (volume == 0 || volume < request.minFill) return (Leg.Request, Refusal.FillTooSmall, 0);
        if (volume < app.minFill) return (Leg.App, Refusal.FillTooSmall, 0);
        if (volume < datasetMinFill) return (Leg.Dataset, Refusal.FillTooSmall, 0);
        if (volume < pool.minFill) return (Leg.Pool, Refusal.FillTooSmall, 0);
    }

    function _remaining(Conditions calldata conditions, Standing memory standing) private view returns (uint32) {
        // `filled` never exceeds `volume` here: it grows by at most what remains, and a cancelled order has no standing.
        return conditions.volume - _filled[standing.signer][standing.hash];
    }

    /// @return before What was filled until now.
    function _take(Standing memory standing, uint32 volume) private returns (uint32 before) {
        before = _filled[standing.signer][standing.hash];
        _filled[standing.signer][standing.hash] = before + volume;
    }

    // ── Deals ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _checkDeal(Deal memory deal) private view returns (DealId id, DealState memory state) {
        id = deal.dealId();
        state = _deals[id];
        // An unknown deal's commitment is zero, and nothing hashes to that.
        require(state.commitment == _commitment(deal), ClerkDealUnknown(id));
    }

    /// @dev 224 bits: a collision costs 2^112.
    function _commitment(Deal memory deal) private pure returns (bytes28) {
        return bytes28(keccak256(abi.encode(deal)));
    }

    function _min(uint32 a, uint32 b) private pure returns (uint32) {
        return a < b ? a : b;
    }
}

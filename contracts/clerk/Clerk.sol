// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC1363Spender} from "@openzeppelin/contracts/interfaces/IERC1363Spender.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Batch, DealState, Entry, IClerk, Match, NO_DATASET, OrderHashes, Preview} from "../interfaces/IClerk.sol";
import {ICertifier} from "../interfaces/ICertifier.sol";
import {IKeyring} from "../interfaces/IKeyring.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ITerms} from "../interfaces/ITerms.sol";
import {ForeignCall} from "../libraries/ForeignCall.sol";
import {OrderHash} from "../libraries/OrderHash.sol";
import {Restrictions} from "../libraries/Restrictions.sol";
import {Deal} from "../types/Deals.sol";
import {AssetId, DealId, toDealId, toRequestId} from "../types/Ids.sol";
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
    using SafeERC20 for IERC20;

    /// @dev A `Deal` in memory: 25 words.
    uint256 private constant DEAL_BYTES = 25 * 32;

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

    /// @dev All that a call of `seal` works on. In memory as one, since the stack has no room for it.
    struct Desk {
        Standing[] apps;
        Standing[] datasets;
        Standing[] pools;
        Standing[] requests;
        Finding[] findings;
        // Of the terms that were brought.
        bytes32[] termsHashes;
        // The deal at hand. One for all matches: memory grows dearer with its size.
        Deal deal;
    }

    constructor(
        IERC20 token,
        IRegistry registry,
        IKeyring keyring,
        address governance
    ) Accounts(token) Standings(registry, keyring) Ownable(governance) {}

    // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IClerk
    function seal(Batch calldata batch, bool strict) external returns (uint256) {
        return _seal(batch, strict, msg.sender);
    }

    /// @inheritdoc IClerk
    function onApprovalReceived(address owner, uint256 value, bytes calldata data) external returns (bytes4) {
        require(msg.sender == address(TOKEN), ClerkNotTheToken(msg.sender));
        require(value <= type(uint64).max, ClerkAmountInvalid(value));
        // The comparison above.
        _depositFrom(owner, owner, uint64(value));
        if (data.length != 0) {
            Batch calldata batch;
            bool strict;
            // `abi.decode` would copy the batch to memory. Whatever the words say, reads stay within the calldata, and
            // what is read is the owner's own to choose, as in `seal`.
            assembly ("memory-safe") {
                batch := add(data.offset, calldataload(data.offset))
                strict := iszero(iszero(calldataload(add(data.offset, 0x20))))
            }
            _seal(batch, strict, owner);
        }
        return IERC1363Spender.onApprovalReceived.selector;
    }

    /// @inheritdoc IClerk
    function preview(Batch calldata batch, address sealer) external view returns (Preview[] memory previews) {
        Desk memory desk = _check(batch, sealer);
        previews = new Preview[](batch.matches.length);
        for (uint256 i = 0; i < previews.length; ++i) {
            Finding memory finding = desk.findings[i];
            if (finding.refusal == Refusal.None) {
                (finding.leg, finding.refusal) = _assess(batch, desk, batch.matches[i], finding);
            }
            (previews[i].leg, previews[i].refusal) = (finding.leg, finding.refusal);
            if (finding.refusal == Refusal.None) previews[i].volume = desk.deal.volume;
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

    // ── Governance ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IClerk
    function registerCertifier(address certifier, bool registered) external onlyOwner {
        isCertifier[certifier] = registered;
        emit CertifierRegistered(certifier, registered);
    }

    /// @inheritdoc IClerk
    function recoverSurplus(address token, address to, uint256 amount) external onlyOwner {
        emit SurplusRecovered(token, to, amount);
        IERC20(token).safeTransfer(to, amount);
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

    // ── Sealing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _seal(Batch calldata batch, bool strict, address sealer) private returns (uint256 sealedCount) {
        // Check
        Desk memory desk = _check(batch, sealer);
        // Effect: volumes and money, one match after the other.
        for (uint256 i = 0; i < batch.matches.length; ++i) {
            Match calldata chosen = batch.matches[i];
            Finding memory finding = desk.findings[i];
            if (finding.refusal == Refusal.None) {
                (finding.leg, finding.refusal) = _assess(batch, desk, chosen, finding);
            }
            if (finding.refusal == Refusal.None) {
                _take(batch, desk, chosen);
                _store(batch, desk, chosen);
                ++sealedCount;
            } else {
                require(!strict, ClerkMatchRefused(i, finding.leg, finding.refusal));
                emit MatchRefused(i, desk.requests[chosen.request].hash, finding.leg, finding.refusal);
            }
        }
    }

    /// @dev Everything that may call a stranger's contract, before anything changes.
    function _check(Batch calldata batch, address sealer) private view returns (Desk memory desk) {
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
            Match calldata chosen = batch.matches[i];
            require(
                chosen.app < desk.apps.length &&
                    chosen.pool < desk.pools.length &&
                    chosen.request < desk.requests.length &&
                    (chosen.dataset == NO_DATASET || chosen.dataset < desk.datasets.length),
                ClerkMatchOutOfRange(i)
            );
            Finding memory finding = desk.findings[i];
            (finding.leg, finding.refusal) = _checkOrders(batch, desk, chosen);
            if (finding.refusal == Refusal.None) _checkTerms(batch, desk, chosen, finding);
        }
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

    /// @dev Asks the terms contracts of a match's orders about the deal as it would be sealed now.
    function _checkTerms(
        Batch calldata batch,
        Desk memory desk,
        Match calldata chosen,
        Finding memory finding
    ) private view {
        Conditions calldata request = batch.requests[chosen.request].order.conditions;
        Conditions calldata app = batch.apps[chosen.app].order.conditions;
        Conditions calldata pool = batch.pools[chosen.pool].order.conditions;
        bytes32 datasetTerms =
            chosen.dataset == NO_DATASET ? bytes32(0) : batch.datasets[chosen.dataset].order.conditions.terms;
        if (request.terms | app.terms | pool.terms | datasetTerms == 0) return;

        Deal memory draft = desk.deal;
        _fillDeal(batch, desk, chosen, draft);
        (finding.leg, finding.refusal, draft.volume) = _volume(batch, desk, chosen, draft.firstTask);
        if (finding.refusal != Refusal.None) return;
        (finding.hasTerms, finding.firstTask, finding.volume) = (true, draft.firstTask, draft.volume);

        if (!_accepts(batch, desk, Leg.Request, request.terms, desk.requests[chosen.request].hash)) {
            (finding.leg, finding.refusal) = (Leg.Request, Refusal.TermsNotMet);
        } else if (!_accepts(batch, desk, Leg.App, app.terms, desk.apps[chosen.app].hash)) {
            (finding.leg, finding.refusal) = (Leg.App, Refusal.TermsNotMet);
        } else if (!_accepts(batch, desk, Leg.Pool, pool.terms, desk.pools[chosen.pool].hash)) {
            (finding.leg, finding.refusal) = (Leg.Pool, Refusal.TermsNotMet);
        } else if (datasetTerms != 0) {
            if (!_accepts(batch, desk, Leg.Dataset, datasetTerms, desk.datasets[chosen.dataset].hash)) {
                (finding.leg, finding.refusal) = (Leg.Dataset, Refusal.TermsNotMet);
            }
        }
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
    function _assess(
        Batch calldata batch,
        Desk memory desk,
        Match calldata chosen,
        Finding memory finding
    ) private view returns (Leg leg, Refusal refusal) {
        RequestOrder calldata request = batch.requests[chosen.request].order;
        Deal memory deal = desk.deal;
        _fillDeal(batch, desk, chosen, deal);

        (leg, refusal, deal.volume) = _volume(batch, desk, chosen, deal.firstTask);
        if (refusal != Refusal.None) return (leg, refusal);
        // An earlier match took some of it: terms contracts were asked about another deal.
        if (finding.hasTerms && (deal.firstTask != finding.firstTask || deal.volume != finding.volume)) {
            return (Leg.Request, Refusal.TermsNotMet);
        }

        (refusal, deal.poolStake, deal.frozen) = ICertifier(deal.certifier).admit(
            deal,
            request.minSeats,
            request.minSeatStake
        );
        if (refusal != Refusal.None) return (Leg.Pool, refusal);

        // Prices are 64 bits and the volume 32: their products fit 256 by far.
        (uint256 price, uint256 stake) = _amounts(deal);
        if (price > _accounts[deal.payer].free) return (Leg.Request, Refusal.PayerUnfunded);
        Standing memory buyer = desk.requests[chosen.request];
        if (!_maySpend(buyer, deal.payer, price)) return (Leg.Request, Refusal.OperatorLimit);
        if (request.sponsor != address(0) && !_maySponsor(buyer, deal.payer, price)) {
            return (Leg.Request, Refusal.SponsorCapTooLow);
        }
        // Who buys from its own pool needs money for both, and so does a key that signed both.
        Standing memory seller = desk.pools[chosen.pool];
        uint256 both = deal.poolOwner == deal.payer ? stake + price : stake;
        if (both > _accounts[deal.poolOwner].free) return (Leg.Pool, Refusal.PoolUnfunded);
        if (!_maySpend(seller, deal.poolOwner, seller.operator == buyer.operator ? both : stake)) {
            return (Leg.Pool, Refusal.OperatorLimit);
        }
        return (leg, Refusal.None);
    }

    /// @dev What buyer and pool lock for all of a deal's tasks.
    function _amounts(Deal memory deal) private pure returns (uint256 price, uint256 stake) {
        price = (uint256(deal.appPrice) + deal.datasetPrice + deal.poolPrice) * deal.volume;
        stake = uint256(deal.poolStake) * deal.volume;
    }

    /// @dev Locks money and takes volume for a deal that was assessed.
    function _take(Batch calldata batch, Desk memory desk, Match calldata chosen) private {
        Deal memory deal = desk.deal;
        (uint256 price, uint256 stake) = _amounts(deal);
        Standing memory buyer = desk.requests[chosen.request];
        _lock(deal.payer, price);
        _countSpent(buyer, deal.payer, price);
        if (batch.requests[chosen.request].order.sponsor != address(0)) _countSponsored(buyer, deal.payer, price);
        _lock(deal.poolOwner, stake);
        _countSpent(desk.pools[chosen.pool], deal.poolOwner, stake);

        _take(desk.apps[chosen.app], Leg.App, batch.apps[chosen.app].order.conditions.salt, deal.volume);
        _take(desk.pools[chosen.pool], Leg.Pool, batch.pools[chosen.pool].order.conditions.salt, deal.volume);
        if (chosen.dataset == NO_DATASET) return;
        bytes32 salt = batch.datasets[chosen.dataset].order.conditions.salt;
        _take(desk.datasets[chosen.dataset], Leg.Dataset, salt, deal.volume);
    }

    /// @dev All of the deal but its volume, and what the certifier adds.
    function _fillDeal(Batch calldata batch, Desk memory desk, Match calldata chosen, Deal memory deal) private view {
        RequestOrder calldata request = batch.requests[chosen.request].order;
        AppOrder calldata app = batch.apps[chosen.app].order;
        PoolOrder calldata pool = batch.pools[chosen.pool].order;
        deal.requestId = toRequestId(request.requester, request.conditions.salt);
        deal.app = request.app;
        deal.dataset = request.dataset;
        deal.pool = pool.pool;
        deal.appOwner = desk.apps[chosen.app].signer;
        deal.poolOwner = desk.pools[chosen.pool].signer;
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
        // Another request of the batch with the same salt may have taken more than this one's volume.
        volume = requestFilled < request.volume ? request.volume - requestFilled : 0;
        uint32 left = _left(desk.apps[chosen.app], Leg.App, app);
        if (left < volume) (leg, volume) = (Leg.App, left);
        uint32 datasetMinFill = 0;
        if (chosen.dataset != NO_DATASET) {
            Conditions calldata dataset = batch.datasets[chosen.dataset].order.conditions;
            left = _left(desk.datasets[chosen.dataset], Leg.Dataset, dataset);
            if (left < volume) (leg, volume) = (Leg.Dataset, left);
            datasetMinFill = dataset.minFill;
        }
        left = _left(desk.pools[chosen.pool], Leg.Pool, pool);
        if (left < volume) (leg, volume) = (Leg.Pool, left);

        if (volume == 0) return (leg, Refusal.CancelledOrFilled, 0);
        if (volume < request.minFill) return (Leg.Request, Refusal.FillTooSmall, 0);
        if (volume < app.minFill) return (Leg.App, Refusal.FillTooSmall, 0);
        if (volume < datasetMinFill) return (Leg.Dataset, Refusal.FillTooSmall, 0);
        if (volume < pool.minFill) return (Leg.Pool, Refusal.FillTooSmall, 0);
    }

    // ── Deals ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _store(Batch calldata batch, Desk memory desk, Match calldata chosen) private {
        Deal memory deal = desk.deal;
        DealId id = deal.dealId();
        // No more than the request's volume, which is 32 bits.
        uint32 requestFilled = deal.firstTask + deal.volume;
        if (deal.firstTask != 0) {
            _deals[toDealId(deal.requestId, 0)].requestFilled = requestFilled;
            requestFilled = 0;
        }
        _deals[id] = DealState({openUnits: deal.volume, requestFilled: requestFilled, commitment: _commitment(deal)});

        OrderHashes memory orders = OrderHashes({
            app: desk.apps[chosen.app].hash,
            dataset: chosen.dataset == NO_DATASET ? bytes32(0) : desk.datasets[chosen.dataset].hash,
            pool: desk.pools[chosen.pool].hash,
            request: desk.requests[chosen.request].hash
        });
        bytes calldata params = batch.requests[chosen.request].order.params;
        emit DealSealed(id, bytes32(AssetId.unwrap(deal.pool)), orders.request, orders, deal, params);
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

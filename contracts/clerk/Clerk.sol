// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC1363Spender} from "@openzeppelin/contracts/interfaces/IERC1363Spender.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Batch, DealState, Entry, IClerk, OrderHashes, Preview} from "../interfaces/IClerk.sol";
import {IKeyring} from "../interfaces/IKeyring.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {DEAL_BYTES, Deal, commitmentOf, commitmentOfDraft} from "../types/Deals.sol";
import {AssetId, DealId, toDealId} from "../types/Ids.sol";
import {Leg, Refusal} from "../types/Refusals.sol";
import {Accounts} from "./Accounts.sol";
import {Matches} from "./Matches.sol";
import {Standings} from "./Standings.sol";

/// @title Clerk
/// @notice What was agreed and who holds the money. `IClerk` says what each part does, emits, refuses and assumes.
contract Clerk is Matches, Ownable2Step {
    using SafeERC20 for IERC20;

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
        // At most 64 bits, by the comparison above.
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
                _choose(desk, batch.matches[i], i);
                (finding.leg, finding.refusal) = _assess(desk, finding);
            }
            (previews[i].leg, previews[i].refusal) = (finding.leg, finding.refusal);
            if (finding.refusal == Refusal.None) previews[i].volume = desk.deal.volume;
        }
    }

    // ── Certifiers ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IClerk
    function settle(Deal calldata deal, Entry[] calldata seized, Entry[] calldata credits) external {
        // Check
        (DealId id, DealState memory state) = _checkDeal(deal);
        require(msg.sender == deal.certifier, ClerkNotTheCertifier(deal.certifier, msg.sender));
        require(state.openUnits != 0, ClerkDealClosed(id));
        // Effect
        _deals[id].openUnits = state.openUnits - 1;
        // Below 2^64: the prices of all of the deal's units were locked at the seal.
        uint64 unit = deal.appPrice + deal.datasetPrice + deal.poolPrice;
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
    function checkDeal(Deal calldata deal) external view returns (DealState memory state) {
        (, state) = _checkDeal(deal);
    }

    // ── Sealing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _seal(Batch calldata batch, bool strict, address sealer) private returns (uint256 sealedCount) {
        // Check
        Desk memory desk = _check(batch, sealer);
        // Effect: volumes and money, one match after the other.
        for (uint256 i = 0; i < batch.matches.length; ++i) {
            _choose(desk, batch.matches[i], i);
            Finding memory finding = desk.findings[i];
            if (finding.refusal == Refusal.None) (finding.leg, finding.refusal) = _assess(desk, finding);
            if (finding.refusal == Refusal.None) {
                _take(desk);
                _store(desk);
                ++sealedCount;
            } else {
                require(!strict, ClerkMatchRefused(i, finding.leg, finding.refusal));
                emit MatchRefused(i, desk.request.hash, finding.leg, finding.refusal);
            }
        }
    }

    /// @dev Locks money and takes volume for a deal that was assessed.
    function _take(Desk memory desk) private {
        Deal memory deal = desk.deal;
        (uint256 price, uint256 stake) = _amounts(deal);
        _lock(deal.payer, price);
        _countSpent(desk.request, deal.payer, price);
        if (_requestAt(desk.request.at).sponsor != address(0)) _countSponsored(desk.request, deal.payer, price);
        _lock(deal.poolOwner, stake);
        _countSpent(desk.pool, deal.poolOwner, stake);

        _take(Leg.App, desk.app.signer, _appAt(desk.app.at).conditions.salt, deal.volume);
        _take(Leg.Pool, desk.pool.signer, _poolAt(desk.pool.at).conditions.salt, deal.volume);
        if (desk.dataset.at == 0) return;
        _take(Leg.Dataset, desk.dataset.signer, _datasetAt(desk.dataset.at).conditions.salt, deal.volume);
    }

    // ── Deals ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _store(Desk memory desk) private {
        Deal memory deal = desk.deal;
        DealId id = deal.dealId();
        // No more than the request's volume, which is 32 bits.
        uint32 requestFilled = deal.firstTask + deal.volume;
        if (deal.firstTask != 0) {
            _deals[toDealId(deal.requestId, 0)].requestFilled = requestFilled;
            requestFilled = 0;
        }
        _deals[id] = DealState({
            openUnits: deal.volume,
            requestFilled: requestFilled,
            commitment: commitmentOfDraft(deal)
        });
        OrderHashes memory orders = OrderHashes({
            app: desk.app.hash,
            dataset: desk.dataset.at == 0 ? bytes32(0) : desk.dataset.hash,
            pool: desk.pool.hash
        });
        _emitSealed(id, desk.request.hash, orders, deal, _requestAt(desk.request.at).params);
    }

    /// @dev `emit DealSealed(id, pool, request, orders, deal, params)`, with the structs sent as they lie in memory: the
    /// compiler would encode them word by word.
    function _emitSealed(
        DealId id,
        bytes32 request,
        OrderHashes memory orders,
        Deal memory deal,
        bytes calldata params
    ) private {
        bytes32 signature = DealSealed.selector;
        bytes32 pool = bytes32(AssetId.unwrap(deal.pool));
        uint256 dealBytes = DEAL_BYTES;
        assembly ("memory-safe") {
            // Behind the free memory's beginning, which stays where it is: 3 words of orders, the deal, where the params
            // begin; then their length and content, padded with zeros to whole words.
            let data := mload(0x40)
            mcopy(data, orders, 0x60)
            mcopy(add(data, 0x60), deal, dealBytes)
            let head := add(0x80, dealBytes)
            mstore(add(data, sub(head, 0x20)), head)
            mstore(add(data, head), params.length)
            let content := add(add(data, head), 0x20)
            let padded := and(add(params.length, 0x1f), not(0x1f))
            // The last word, of which the content may fill a part; without content that is its length.
            mstore(add(content, sub(padded, 0x20)), 0)
            calldatacopy(content, params.offset, params.length)
            log4(data, add(add(head, 0x20), padded), signature, id, pool, request)
        }
    }

    function _checkDeal(Deal calldata deal) private view returns (DealId id, DealState memory state) {
        id = toDealId(deal.requestId, deal.firstTask);
        state = _deals[id];
        // An unknown deal's commitment is zero, and nothing hashes to that.
        require(state.commitment == commitmentOf(deal), ClerkDealUnknown(id));
    }
}

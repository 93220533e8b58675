// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../../contracts/interfaces/IClerk.sol";
import {
    Committed,
    Contribution,
    IPanel,
    Reward,
    Seat,
    Task,
    toReward
} from "../../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {AssetId, TaskId} from "../../../../contracts/types/Ids.sol";
import {Assertions} from "./Assertions.sol";
import {Market, Wish} from "./Market.sol";
import {vm, Vm} from "../../support/Vm.sol";

/// A market with workers, and what they do under any certifier that draws them.
abstract contract PanelTest is Market, Assertions {
    uint256 internal constant WORKER_KEYS = 0x30000;

    /// Where `Seats._seats` is.
    uint256 internal constant SEATS_SLOT = 1;

    /// Key of who is in a seat of the open pool.
    mapping(uint256 seat => uint256) internal keyOf;

    // ── Seats ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function workerKey(uint256 number) internal pure returns (uint256) {
        return WORKER_KEYS + number;
    }

    function worker(uint256 number) internal pure returns (address) {
        return vm.addr(workerKey(number));
    }

    /// Workers `first` to `first + count − 1` take seats; a block passes, so that they can be drawn.
    function enrol(uint256 first, uint256 count) internal {
        for (uint256 i = first; i < first + count; ++i) {
            enrolOne(i);
        }
        advance(1);
    }

    function enrolOne(uint256 number) internal returns (uint32 seat) {
        clerk.depositFor(worker(number), SEAT_STAKE);
        vm.startPrank(worker(number));
        clerk.allowCertifier(address(panel), type(uint64).max);
        seat = panel.enrol(pool);
        vm.stopPrank();
        keyOf[seat] = workerKey(number);
    }

    function workerOf(uint256 seat) internal view returns (address) {
        return vm.addr(keyOf[seat]);
    }

    function seatOf(uint256 number) internal view returns (Seat memory) {
        return panel.seat(pool, uint32(number));
    }

    /// Gives a seat of the open pool a score, which would take as many tasks.
    function poolScore(uint32 number, uint32 score) internal {
        bytes32 slot = recordSlot(number);
        uint256 others = uint256(vm.load(address(panel), slot)) & ~(uint256(type(uint32).max) << 64);
        vm.store(address(panel), slot, bytes32((uint256(score) << 64) | others));
        equal(seatOf(number).score, score, "score as stored");
    }

    function earnedBy(uint256 number) internal view returns (uint256) {
        return seatOf(number).earned;
    }

    function seatNumbers(uint32 one) internal pure returns (uint32[] memory numbers) {
        numbers = new uint32[](1);
        numbers[0] = one;
    }

    function recordSlot(uint32 number) internal view returns (bytes32) {
        bytes32 inPool = keccak256(abi.encode(pool, SEATS_SLOT));
        return bytes32(uint256(keccak256(abi.encode(uint256(number), inPool))) + 1);
    }

    // ── Tasks ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function idOf(Deal memory deal, uint32 index) internal pure returns (TaskId) {
        return TaskId.wrap(keccak256(abi.encode(keccak256(abi.encode(deal)), index)));
    }

    function taskOf(Deal memory deal) internal view returns (Task memory) {
        return panel.task(idOf(deal, 0));
    }

    /// The seats drawn in one round.
    function drawnIn(Deal memory deal, uint8 round) internal view returns (uint32[] memory drawn) {
        return drawnIn(deal, 0, round);
    }

    function drawnIn(Deal memory deal, uint32 index, uint8 round) internal view returns (uint32[] memory drawn) {
        uint32[] memory all = panel.drawnSeats(deal, index, round);
        uint256 before = round == 1 ? 0 : panel.drawnSeats(deal, index, round - 1).length;
        drawn = new uint32[](all.length - before);
        for (uint256 i = 0; i < drawn.length; ++i) {
            drawn[i] = all[before + i];
        }
    }

    /// A deal whose first round can be committed to.
    function sealAndDraw(Wish memory wish) internal returns (Deal memory deal, uint32[] memory drawn) {
        deal = seal(wish);
        advance(2);
        drawn = drawnIn(deal, 1);
    }

    // ── Contributions ────────────────────────────────────────────────────────────────────────────────────────────────

    /// Of the certifier's EIP-712 domain.
    function domainName() internal pure virtual returns (string memory);

    /// As well.
    function verifier() internal view virtual returns (address) {
        return address(panel);
    }

    function signed(TaskId id, uint8 round, uint32 seat, bytes32 sealed_) internal view returns (Contribution memory) {
        return signedBy(keyOf[seat], id, round, seat, sealed_);
    }

    /// By whomever.
    function signedBy(
        uint256 key,
        TaskId id,
        uint8 round,
        uint32 seat,
        bytes32 sealed_
    ) internal view returns (Contribution memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, contributionDigest(id, round, sealed_));
        return Contribution({seat: seat, seal: sealed_, r: r, vs: bytes32(uint256(s) | (uint256(v - 27) << 255))});
    }

    /// What is signed.
    function contributionDigest(TaskId id, uint8 round, bytes32 sealed_) internal view returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(hex"1901", domainOf(domainName(), verifier()), _contributionHash(id, round, sealed_))
            );
    }

    function _contributionHash(TaskId id, uint8 round, bytes32 sealed_) private pure returns (bytes32) {
        return
            keccak256(
                abi.encode(keccak256("Contribution(bytes32 taskId,uint8 round,bytes32 seal)"), id, round, sealed_)
            );
    }

    function commit(Deal memory deal, Contribution[] memory all) internal returns (Committed[] memory) {
        return commit(deal, 0, all);
    }

    /// Commits and returns what the event told.
    function commit(
        Deal memory deal,
        uint32 index,
        Contribution[] memory all
    ) internal returns (Committed[] memory added) {
        vm.recordLogs();
        panel.commit(deal, index, all);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == IPanel.SealsCommitted.selector) {
                (added, ) = abi.decode(logs[i].data, (Committed[], bool));
            }
        }
    }

    /// What all who committed are told to get, where all get the same.
    function equalRewards(
        Committed[] memory seals,
        uint64 amount,
        uint32 score
    ) internal pure returns (Reward[] memory rewards) {
        rewards = new Reward[](seals.length);
        for (uint256 i = 0; i < seals.length; ++i) {
            rewards[i] = toReward(seals[i].by.workerOf(), amount, score);
        }
    }

    // ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function firstOf(uint32[] memory list, uint256 count) internal pure returns (uint32[] memory part) {
        part = new uint32[](count);
        for (uint256 i = 0; i < count; ++i) {
            part[i] = list[i];
        }
    }

    function concat(Committed[] memory a, Committed[] memory b) internal pure returns (Committed[] memory all) {
        all = new Committed[](a.length + b.length);
        for (uint256 i = 0; i < a.length; ++i) {
            all[i] = a[i];
        }
        for (uint256 i = 0; i < b.length; ++i) {
            all[a.length + i] = b[i];
        }
    }

    function only(Contribution memory one) internal pure returns (Contribution[] memory list) {
        list = new Contribution[](1);
        list[0] = one;
    }

    function none() internal pure returns (Committed[] memory) {}

    function contains(uint32[] memory list, uint256 number) internal pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == number) return true;
        }
        return false;
    }
}

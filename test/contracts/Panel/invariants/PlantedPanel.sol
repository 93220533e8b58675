// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {CONVICTED, Occupancy} from "../../../../contracts/certifiers/panel/Occupancy.sol";
import {TaskWord} from "../../../../contracts/certifiers/panel/Progress.sol";
import {SeatRecord, toSeatRecord} from "../../../../contracts/certifiers/panel/SeatRecord.sol";
import {Membership, PoolBook, SeatBook} from "../../../../contracts/certifiers/panel/Seats.sol";
import {Entry, IClerk} from "../../../../contracts/interfaces/IClerk.sol";
import {IJury, Poll} from "../../../../contracts/interfaces/IJury.sol";
import {Category, Committed, Contribution, IPanel} from "../../../../contracts/interfaces/IPanel.sol";
import {IPoco} from "../../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {AssetId, TaskId} from "../../../../contracts/types/Ids.sol";

/// A certifier with one fault: it runs the real one's code on its own storage, and does or undoes a little before or after.
/// What is planted must be found by the laws, or they prove nothing.
abstract contract PlantedPanel {
    // A panel's storage, in its order.
    mapping(AssetId poolId => PoolBook) internal _pools;
    mapping(AssetId poolId => mapping(uint256 number => SeatBook)) internal _seats;
    mapping(AssetId poolId => mapping(address account => Membership)) private _memberships;
    mapping(AssetId poolId => uint32[]) private _released;
    mapping(TaskId id => TaskWord) internal _tasks;
    mapping(TaskId id => mapping(uint256 round => bytes32)) private _seeds;
    mapping(TaskId id => uint256) private _seedBlocks;
    address private _owner;
    address private _pendingOwner;
    mapping(uint256 id => Category) private _categories;
    uint256 private _categoryCount;
    /// Of a jury.
    mapping(TaskId id => Poll) internal _polls;

    /// Far from the real one's own.
    uint256[1 << 64] private _gap;
    address private _real;
    IClerk internal _clerk;
    address internal _treasury;

    function plant(address real, IClerk clerk, address governance, address treasury) external {
        (_real, _clerk, _owner, _treasury) = (real, clerk, governance, treasury);
    }

    fallback() external {
        _prepare();
        (bool success, bytes memory answer) = _real.delegatecall(msg.data);
        if (success) _fault();
        assembly {
            if iszero(success) {
                revert(add(answer, 0x20), mload(answer))
            }
            return(add(answer, 0x20), mload(answer))
        }
    }

    function _prepare() internal virtual {}

    /// Runs after every call that succeeded.
    function _fault() internal virtual {}

    /// One unit of a bond.
    function _move(address from, address to) internal {
        Entry[] memory seized = new Entry[](1);
        Entry[] memory credits = new Entry[](1);
        (seized[0], credits[0]) = (Entry(from, 1), Entry(to, 1));
        _clerk.slash(seized, credits);
    }

    function _settles() internal pure returns (bool) {
        return msg.sig == IPoco.finalize.selector || msg.sig == IJury.rule.selector;
    }

    /// What both begin with.
    function _settled() internal pure returns (Deal memory deal, TaskId id, Committed[] memory seals) {
        uint32 index;
        (deal, index, seals) = abi.decode(msg.data[4:], (Deal, uint32, Committed[]));
        id = TaskId.wrap(keccak256(abi.encode(keccak256(abi.encode(deal)), index)));
    }

    function _committed() internal pure returns (Deal memory deal, Contribution[] memory contributions) {
        (deal, , contributions) = abi.decode(msg.data[4:], (Deal, uint32, Contribution[]));
    }
}

/// No fault: shows that the laws hold on a twin as such.
contract FaultlessPanel is PlantedPanel {}

/// Law 2: a stake that nothing is bonded for.
contract UnbackedPanel is PlantedPanel {
    function _fault() internal override {
        if (!_settles()) return;
        (Deal memory deal, , Committed[] memory seals) = _settled();
        SeatBook storage book = _seats[deal.pool][seals[0].by.seatOf()];
        SeatRecord r = book.record;
        book.record = toSeatRecord(r.stake() + 1, r.score(), r.misses(), r.earned());
    }
}

/// Law 3: what was paid is earned still.
contract RepeatingPanel is PlantedPanel {
    SeatRecord private _record;

    function _prepare() internal override {
        if (msg.sig != IPanel.collect.selector) return;
        _record = _first().record;
    }

    function _fault() internal override {
        if (msg.sig == IPanel.collect.selector) _first().record = _record;
    }

    function _first() private view returns (SeatBook storage) {
        (AssetId poolId, uint32[] memory numbers) = abi.decode(msg.data[4:], (AssetId, uint32[]));
        return _seats[poolId][numbers[0]];
    }
}

/// Law 4: a settled task is open again.
contract ReopeningPanel is PlantedPanel {
    function _fault() internal override {
        if (!_settles()) return;
        (, TaskId id, ) = _settled();
        _tasks[id] = TaskWord.wrap((TaskWord.unwrap(_tasks[id]) >> 2) << 2);
    }
}

/// Law 5: fines one more than it says, and books it well.
contract FiningPanel is PlantedPanel {
    function _fault() internal override {
        if (!_settles()) return;
        (Deal memory deal, , Committed[] memory seals) = _settled();
        SeatBook storage book = _seats[deal.pool][seals[0].by.seatOf()];
        SeatRecord r = book.record;
        if (r.stake() == 0) return;
        book.record = toSeatRecord(r.stake() - 1, r.score(), r.misses(), r.earned());
        _move(book.occupancy.worker(), _treasury);
    }
}

/// Law 6: scores rise for committing.
contract GiftedPanel is PlantedPanel {
    function _fault() internal override {
        if (msg.sig != IPanel.commit.selector) return;
        (Deal memory deal, Contribution[] memory contributions) = _committed();
        SeatBook storage book = _seats[deal.pool][contributions[0].seat];
        SeatRecord r = book.record;
        book.record = toSeatRecord(r.stake(), r.score() + 1, r.misses(), r.earned());
    }
}

/// Law 7: rewards by weight, not by its logarithm; in all as much.
contract WeighingPanel is PlantedPanel {
    SeatRecord[] private _records;

    function _prepare() internal override {
        if (!_settles()) return;
        delete _records;
        (Deal memory deal, , Committed[] memory seals) = _settled();
        for (uint256 i = 0; i < seals.length; ++i) {
            _records.push(_seats[deal.pool][seals[i].by.seatOf()].record);
        }
    }

    function _fault() internal override {
        if (!_settles()) return;
        (Deal memory deal, , Committed[] memory seals) = _settled();
        uint256 pot = 0;
        uint256 weights = 0;
        for (uint256 i = 0; i < seals.length; ++i) {
            uint64 reward = _rewardOf(deal, seals[i], i);
            if (reward != 0) (pot, weights) = (pot + reward, weights + _weight(i));
        }
        uint256 left = pot;
        SeatBook storage last;
        assembly {
            last.slot := 0
        }
        for (uint256 i = 0; i < seals.length; ++i) {
            if (_rewardOf(deal, seals[i], i) == 0) continue;
            last = _seats[deal.pool][seals[i].by.seatOf()];
            uint64 part = uint64((pot * _weight(i)) / weights);
            left -= part;
            last.record = last.record.withEarned(_records[i].earned() + part);
        }
        if (pot != 0) last.record = last.record.withEarned(last.record.earned() + uint64(left));
    }

    function _rewardOf(Deal memory deal, Committed memory committed, uint256 i) private view returns (uint64) {
        return _seats[deal.pool][committed.by.seatOf()].record.earned() - _records[i].earned();
    }

    function _weight(uint256 i) private view returns (uint256) {
        return Math.min(Math.max(_records[i].score() / 3, 3) - 1, 16);
    }
}

/// Law 8: forgets who was convicted while somebody commits.
contract ForgivingPanel is PlantedPanel {
    function _prepare() internal override {
        if (msg.sig != IPanel.commit.selector) return;
        (Deal memory deal, Contribution[] memory contributions) = _committed();
        for (uint256 i = 0; i < contributions.length; ++i) {
            SeatBook storage book = _seats[deal.pool][contributions[i].seat];
            book.occupancy = Occupancy.wrap(Occupancy.unwrap(book.occupancy) & ~CONVICTED);
        }
    }
}

/// Law 8 of a jury: half of the places suffice.
contract HastyPanel is PlantedPanel {
    function _prepare() internal override {
        if (msg.sig != IJury.rule.selector) return;
        (, TaskId id, ) = _settled();
        ++_polls[id].votes;
    }
}

/// Law 9: gives a convicted seat's stake back.
contract SparingPanel is PlantedPanel {
    function _prepare() internal override {
        if (msg.sig != IPanel.release.selector) return;
        (AssetId poolId, uint32 number) = abi.decode(msg.data[4:], (AssetId, uint32));
        SeatBook storage book = _seats[poolId][number];
        book.occupancy = Occupancy.wrap(Occupancy.unwrap(book.occupancy) & ~CONVICTED);
    }
}

/// Law 10: hands the payer of a claim one more, out of somebody's stake.
contract CompensatingPanel is PlantedPanel {
    function _fault() internal override {
        if (msg.sig != IPanel.claim.selector) return;
        Deal memory deal = abi.decode(msg.data[4:], (Deal));
        for (uint256 number = 0; number < _pools[deal.pool].seats; ++number) {
            SeatBook storage book = _seats[deal.pool][number];
            SeatRecord r = book.record;
            if (r.stake() == 0) continue;
            book.record = toSeatRecord(r.stake() - 1, r.score(), r.misses(), r.earned());
            return _move(book.occupancy.worker(), deal.payer);
        }
    }
}

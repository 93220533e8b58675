// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Committed, Contribution} from "../../../contracts/interfaces/IPanel.sol";
import {Result} from "../../../contracts/interfaces/IPoco.sol";
import {Confidence} from "../../../contracts/libraries/Confidence.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {Wish} from "../Panel/support/Market.sol";
import {PocoTest} from "./support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

// Rewards, over random prices, scores, stakes and liars
// ├── what is paid is what was locked and seized, to the unit
// ├── each who was right gets its share by log2 of its weight, rounded down
// ├── the scheduler gets its share and what does not divide
// └── what exceeds the winners' part stays in the liars' seats
contract RewardsTest is PocoTest {
    uint32 private constant SEATS = 9;

    struct Case {
        uint64 appPrice;
        uint64 datasetPrice;
        uint64 poolPrice;
        uint256 scores;
        uint8 liars;
        bool fails;
    }

    /// Of what the reference works out.
    struct Expected {
        uint256 price;
        uint256 cut;
        uint256 lost;
        uint256 pot;
        uint256 shares;
        uint256 paid;
    }

    function setUp() public override {
        super.setUp();
        enrol(0, SEATS);
    }

    function testFuzz_conservesToTheUnit(Case memory c) external {
        c.appPrice %= 1_000 * HANSE;
        c.datasetPrice %= 1_000 * HANSE;
        c.poolPrice %= 1_000 * HANSE;
        // Nine places at trust 257; seven who agree, weighing at least 2 each, against two liars of 2 each.
        c.liars %= 3;
        for (uint32 i = 0; i < SEATS; ++i) {
            // Liars are the last drawn, which is nobody in particular: so everybody weighs 3 to 16, or all weigh 2.
            uint32 score = uint32(uint8(c.scores >> (8 * i)) % 60);
            poolScore(i, c.scores % 5 == 0 ? 0 : 30 + score / 2);
        }
        Wish memory wish = aWish();
        (wish.appPrice, wish.datasetPrice, wish.poolPrice) = (c.appPrice, c.datasetPrice, c.poolPrice);
        (wish.withDataset, wish.trust) = (true, 257);
        if (c.scores % 5 == 0) c.liars = 0;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        equal(drawn.length, SEATS, "places");
        Result memory result = c.fails ? failure() : success();
        Contribution[] memory all = contributions(idOf(deal, 0), 1, drawn, result);
        for (uint256 i = SEATS - c.liars; i < SEATS; ++i) {
            all[i] = contribution(idOf(deal, 0), 1, drawn[i], otherResult());
        }
        Committed[] memory seals = commit(deal, all);
        Expected memory e = _expect(c, drawn);
        uint256 poolBefore = freeOf(poolOwner);

        poco.finalize(deal, 0, seals, result);

        for (uint256 i = 0; i < SEATS - c.liars; ++i) {
            uint256 share = _shareOf[drawn[i]];
            equal(earnedBy(drawn[i]), (e.pot * share) / e.shares, "worker");
            e.paid += (e.pot * share) / e.shares;
        }
        uint256 forfeited = 0;
        for (uint256 i = SEATS - c.liars; i < SEATS; ++i) {
            equal(freeOf(workerOf(drawn[i])) + earnedBy(drawn[i]), 0, "liar");
            forfeited += bondedOf(workerOf(drawn[i]));
        }
        equal(forfeited, e.lost - Math.min(e.lost, e.price), "what is left of the liars' stakes");
        equal(freeOf(address(poco)), e.paid, "the certifier keeps what they earned");
        equal(freeOf(poolOwner) - poolBefore, deal.poolStake + e.cut + e.pot - e.paid, "scheduler");
        equal(freeOf(TREASURY), 0, "treasury");
        equal(lockedOf(requester) + lockedOf(poolOwner), 0, "nothing stays locked");
        equal(_everything(), token.balanceOf(clerk.TILL()), "to the unit");
    }

    mapping(uint256 seat => uint256) private _shareOf;

    function _expect(Case memory c, uint32[] memory drawn) private returns (Expected memory e) {
        e.price = c.fails ? uint256(c.poolPrice) / 10 : c.poolPrice;
        e.cut = (e.price * SCHEDULER_SHARE) / 10_000;
        e.lost = uint256(c.liars) * SEAT_STAKE;
        e.pot = e.price - e.cut + Math.min(e.lost, e.price);
        for (uint256 i = 0; i < SEATS - c.liars; ++i) {
            uint256 score = seatOf(drawn[i]).score;
            uint256 share = Math.log2(Math.min(Math.max(score / 3, 3) - 1, 16));
            _shareOf[drawn[i]] = share;
            e.shares += share;
        }
    }

    function _everything() private view returns (uint256 sum) {
        address[6] memory owners = [requester, appOwner, datasetOwner, poolOwner, TREASURY, address(poco)];
        for (uint256 i = 0; i < owners.length; ++i) {
            sum += freeOf(owners[i]) + lockedOf(owners[i]);
        }
        for (uint256 i = 0; i < SEATS; ++i) {
            sum += freeOf(worker(i)) + lockedOf(worker(i));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Complaint, GoodsDeal, Outcome, Stage} from "../../../../contracts/types/Goods.sol";
import {UnitId} from "../../../../contracts/types/Ids.sol";
import {vm} from "../../support/Vm.sol";
import {GoodsTraders} from "./GoodsTraders.sol";
import {PlantedReceipt} from "./PlantedReceipt.sol";

/// @notice People who do to one Receipt whatever can be done to it, at any time and in any name; what succeeds is held
/// against what may be done.
contract GoodsHandler is GoodsTraders {
    constructor(PlantedReceipt twin) GoodsTraders(twin) {}

    /// @notice One of all the actions.
    function act(uint256 action, uint256 seed) external {
        action = action % 24;
        if (action < 6) return trade(seed);
        if (action == 6) return cancel(seed);
        if (action == 7 && seed % 5 == 0) return raiseEpoch(seed);
        if (action == 8) return pass(seed);
        if (tracked.length == 0) return;
        if (action < 12) return ship(seed);
        if (action == 12) return confirm(seed);
        if (action == 13) return release(seed);
        if (action == 14) return refund(seed);
        if (action == 15) return split(seed);
        if (action == 16) return extend(seed);
        if (action < 19) return dispute(seed);
        if (action < 21) return contest(seed);
        if (action == 21) return rule(seed);
        if (action == 22) return tellRuling(seed);
        enforce(seed);
    }

    function pass(uint256 seed) public {
        warpTo(time + (_part(seed, 1) % 6 days));
    }

    /// @dev Mostly one of the newest deals at the stage that suits; else any.
    function _choose(uint256 seed, Stage suits) private view returns (uint256 i, GoodsDeal memory deal) {
        i = _part(seed, 30) % tracked.length;
        if (_part(seed, 33) % 4 != 0) {
            for (uint256 k = tracked.length; k != 0; --k) {
                if (tracked[k - 1].stage != suits || _part(seed, k) % 3 == 0) continue;
                i = k - 1;
                break;
            }
        }
        deal = abi.decode(tracked[i].content, (GoodsDeal));
    }

    function _caller(uint256 seed, address mayDo) private view returns (address) {
        return _part(seed, 31) % 4 == 0 ? _person(_part(seed, 32)) : mayDo;
    }

    function _complainUntil(Tracked storage t, GoodsDeal memory deal) private view returns (uint256) {
        uint256 margin = t.extended ? deal.resaleMargin : 0;
        return t.since + deal.deliverWithin + deal.complaintTime + margin;
    }

    function _commission(GoodsDeal memory deal) private pure returns (uint64) {
        return deal.commission * deal.quantity;
    }

    function _bond(GoodsDeal memory deal) private pure returns (uint64) {
        uint64 share = (deal.price * deal.quantity) / 20;
        return share < 10 ? 10 : share;
    }

    // ── The parcel ───────────────────────────────────────────────────────────────────────────────────────────────────

    function ship(uint256 seed) public {
        (uint256 i, GoodsDeal memory deal) = _choose(seed, Stage.Sealed);
        Tracked storage t = tracked[i];
        address caller = _caller(seed, deal.seller);
        vm.prank(caller);
        try receipt.ship(deal, "tracking") {
            _breach(4, caller != deal.seller, "somebody else shipped");
            _breach(4, t.stage != Stage.Sealed, "shipped twice");
            _breach(4, time > uint256(deal.sealedAt) + deal.shipWithin, "shipped too late");
            _enter(t, Stage.Shipped);
            ++done["ship"];
        } catch {}
    }

    function confirm(uint256 seed) public {
        // One that is paid among them, which must not pay again.
        (uint256 i, GoodsDeal memory deal) = _choose(seed, Stage(1 + (_part(seed, 34) % 5)));
        Tracked storage t = tracked[i];
        uint256 key = _key(_part(seed, 1));
        if (_part(seed, 2) % 2 == 0) key = _keyOf(deal.buyer);
        vm.prank(stranger);
        try receipt.confirm(deal, signature(key, confirmation(deal))) {
            _breach(4, vm.addr(key) != deal.buyer, "somebody else confirmed");
            Stage end = t.stage < Stage.Disputed ? Stage.Paid : Stage.WonBySeller;
            _pay(t, deal, end, 0, _commission(deal));
            ++done["confirm"];
        } catch {}
    }

    function release(uint256 seed) public {
        (uint256 i, GoodsDeal memory deal) = _choose(seed, Stage.Shipped);
        Tracked storage t = tracked[i];
        // Now and then in the last second, or in the one after.
        uint256 until = _complainUntil(t, deal) + (_part(seed, 1) % 2);
        if (_part(seed, 2) % 3 == 0 && t.stage == Stage.Shipped && until > time) warpTo(until);
        vm.prank(_person(seed));
        try receipt.release(deal) {
            _breach(4, t.stage != Stage.Shipped, "released what is not shipped");
            _breach(4, time <= _complainUntil(t, deal), "released while the buyer may complain");
            _pay(t, deal, Stage.Paid, 0, _commission(deal));
            ++done["release"];
        } catch {}
    }

    function refund(uint256 seed) public {
        (uint256 i, GoodsDeal memory deal) = _choose(seed, Stage(1 + (_part(seed, 34) % 3)));
        Tracked storage t = tracked[i];
        address caller = _caller(seed, deal.seller);
        vm.prank(caller);
        try receipt.refund(deal) {
            bool late = t.stage == Stage.Sealed && time > uint256(deal.sealedAt) + deal.shipWithin;
            _breach(4, caller != deal.seller && !late, "somebody else refunded");
            _breach(4, t.stage == Stage.Contested, "refunded what is contested");
            _pay(t, deal, Stage.Refunded, caller == deal.seller ? t.ofBuyer : t.ofBuyer + t.ofSeller, 0);
            ++done["refund"];
        } catch {}
    }

    function split(uint256 seed) public {
        (uint256 i, GoodsDeal memory deal) = _choose(seed, Stage(1 + (_part(seed, 34) % 4)));
        Tracked storage t = tracked[i];
        uint64 price = deal.price * deal.quantity;
        uint64 toBuyer = uint64(_part(seed, 1) % (uint256(price) + 10));
        bool forged = seed % 3 == 0;
        bytes32 word = agreement(deal, toBuyer);
        bytes memory sellers = signature(forged ? 7 : _keyOf(deal.seller), word);
        vm.prank(stranger);
        try receipt.split(deal, toBuyer, signature(_keyOf(deal.buyer), word), sellers) {
            _breach(4, forged, "split without the seller");
            _breach(4, toBuyer > price, "split more than the price");
            uint64 part = price == 0 ? 0 : uint64((uint256(_commission(deal)) * (price - toBuyer)) / price);
            _pay(t, deal, Stage.Split, toBuyer + t.ofBuyer - price, part);
            ++done["split"];
        } catch {}
    }

    function extend(uint256 seed) public {
        (uint256 i, GoodsDeal memory deal) = _choose(seed, Stage(1 + (_part(seed, 34) % 2)));
        uint256 at_ = _resaleOf(deal.goodsDealId(), seed);
        GoodsDeal memory resale = abi.decode(tracked[at_].content, (GoodsDeal));
        Tracked storage t = tracked[i];
        try receipt.extend(deal, resale) {
            _breach(4, resale.seller != deal.buyer, "extended by somebody else's sale");
            _breach(4, resale.quantity > deal.quantity, "extended by a larger sale");
            _breach(4, tracked[at_].stage >= Stage.Paid, "extended by a sale that is over");
            _breach(4, t.stage >= Stage.Disputed, "extended too late");
            _breach(4, t.stage == Stage.Shipped && time > _complainUntil(t, deal), "extended when it was over");
            t.extended = true;
            ++done["extend"];
        } catch {}
        if (t.stage != Stage.Shipped) return;
        _breach(4, receipt.complaintEnd(deal) != _complainUntil(t, deal), "another time to complain than was signed");
    }

    // ── Disputes ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function dispute(uint256 seed) public {
        (uint256 i, GoodsDeal memory deal) = _choose(seed, Stage.Shipped);
        Tracked storage t = tracked[i];
        Complaint complaint = Complaint(_part(seed, 1) % 2);
        address caller = _caller(seed, deal.buyer);
        vm.prank(caller);
        try receipt.dispute(deal, complaint, "evidence") {
            _breach(4, caller != deal.buyer, "somebody else complained");
            _breach(4, t.stage != Stage.Shipped, "complained of what is not shipped");
            _breach(4, time > _complainUntil(t, deal), "complained too late");
            bool early = complaint == Complaint.NotArrived && time <= t.since + deal.deliverWithin;
            _breach(4, early, "not arrived, before it could have");
            _hold(t, deal, _bond(deal), 0);
            t.complaint = complaint;
            _enter(t, Stage.Disputed);
            ++done["dispute"];
        } catch {}
    }

    function contest(uint256 seed) public {
        (uint256 i, GoodsDeal memory deal) = _choose(seed, Stage.Disputed);
        Tracked storage t = tracked[i];
        address caller = _caller(seed, deal.seller);
        vm.prank(caller);
        try receipt.contest(deal, "evidence") {
            _breach(4, caller != deal.seller, "somebody else contested");
            _breach(4, t.stage != Stage.Disputed, "contested what is not disputed");
            _breach(4, time > t.since + ANSWER, "contested too late");
            _hold(t, deal, 0, _bond(deal));
            _enter(t, Stage.Contested);
            ++done["contest"];
        } catch {}
    }

    function _endDispute(Tracked storage t, GoodsDeal memory deal, bool forSeller) private {
        if (forSeller) _pay(t, deal, Stage.WonBySeller, 0, _commission(deal));
        else _pay(t, deal, Stage.WonByBuyer, t.ofBuyer + t.ofSeller, 0);
    }

    function rule(uint256 seed) public {
        (uint256 i, GoodsDeal memory deal) = _choose(seed, Stage.Contested);
        Tracked storage t = tracked[i];
        bool forSeller = _part(seed, 1) % 2 == 0;
        address caller = _caller(seed, arbiter);
        vm.prank(caller);
        try receipt.rule(deal, forSeller ? Outcome.Seller : Outcome.Buyer) {
            _breach(4, caller != arbiter || !deal.arbiter.isAccount(arbiter), "somebody else ruled");
            _breach(4, t.stage != Stage.Contested, "ruled what is not contested");
            _breach(4, time > t.since + RULING, "ruled too late");
            _endDispute(t, deal, forSeller);
            ++done["rule"];
        } catch {}
    }

    function tellRuling(uint256 seed) public {
        (uint256 i, GoodsDeal memory deal) = _choose(seed, Stage.Contested);
        uint256 answer = _part(seed, 1) % 4;
        bytes32 unit = UnitId.unwrap(receipt.juryUnit(deal.goodsDealId()));
        address caller = _caller(seed, juryOf);
        vm.prank(caller);
        try receipt.receiveResult(unit, abi.encode(answer)) {
            _breach(4, caller != juryOf, "somebody else told a ruling");
            if (answer == 1 || answer == 2) tracked[i].ruling = answer;
        } catch {}
    }

    function enforce(uint256 seed) public {
        (uint256 i, GoodsDeal memory deal) = _choose(seed, Stage(3 + (_part(seed, 34) % 2)));
        Tracked storage t = tracked[i];
        vm.prank(_person(seed));
        try receipt.enforce(deal) {
            _breach(4, t.stage != Stage.Disputed && t.stage != Stage.Contested, "enforced without a dispute");
            bool silent = t.stage == Stage.Disputed;
            _breach(4, silent && time <= t.since + ANSWER, "enforced before the answer");
            _breach(4, !silent && t.ruling == 0 && time <= t.since + RULING, "enforced before the ruling");
            bool believed = t.complaint == Complaint.NotArrived && deal.arbiter.isNobody();
            bool forSeller = t.ruling == 0 ? deal.defaultOutcome == Outcome.Seller && !believed : t.ruling == 1;
            _endDispute(t, deal, !silent && forSeller);
            ++done["enforce"];
        } catch {}
    }
}

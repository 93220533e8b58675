// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {HubParameters, IHub, Standing} from "../../../../contracts/interfaces/IHub.sol";
import {GoodsDeal, Stage} from "../../../../contracts/types/Goods.sol";
import {DealId} from "../../../../contracts/types/Ids.sol";
import {ShopCode} from "../../../../contracts/types/ShopCode.sol";
import {vm} from "../../support/Vm.sol";
import {ShopTest} from "../support/ShopTest.sol";
import {PlantedHub} from "./PlantedHub.sol";

/// @notice People who do to one Hub whatever can be done to it, in any order, and trade; and the laws, which compare it with
/// their own books.
contract Shopkeepers is ShopTest {
    struct Book {
        address owner;
        uint64 stake;
        uint256 releasableAt;
        bool leaving;
        bool left;
    }

    PlantedHub private immutable TWIN;

    ShopCode[] private _joined;
    mapping(ShopCode code => Book) private _books;
    GoodsDeal[] private _deals;
    mapping(ShopCode code => mapping(DealId id => bool)) private _paidFor;
    mapping(address seller => uint256) private _lostAt;
    uint64 private _lost;
    /// @dev What no call may do and one did.
    string private _broken;

    /// @notice How often something was done with success.
    mapping(string action => uint256) public done;

    constructor(PlantedHub twin) {
        TWIN = twin;
    }

    function begin() external {
        setUp();
        _note(owner, CODE, LEAST);
    }

    function newHub() internal override returns (IHub) {
        IHub real = super.newHub();
        if (address(TWIN) == address(0)) return real;
        TWIN.plant(real, governance);
        return IHub(address(TWIN));
    }

    /// @notice One of all the actions.
    function act(uint256 action, uint256 seed) external {
        action %= 17;
        if (action < 2) enter(seed);
        if (action == 2) add(seed);
        if (action == 3) quit(seed);
        if (action == 4 || action == 5) free_();
        if (action == 6) vm.warp(block.timestamp + (seed % UNBONDING));
        if (action == 7) fine(seed);
        if (action == 8) govern(seed);
        if (action == 9) trade(seed);
        if (action > 9 && action < 14) end(seed);
        if (action == 14 || action == 15) tell(seed);
        if (action == 16) flee(seed);
    }

    // ── What they do ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Now and then by a code that somebody has, or had.
    function enter(uint256 seed) public {
        (address who, ShopCode code) = (_person(seed), seed % 3 == 0 ? _code(seed) : _freshCode());
        uint64 stake = hub.stakeFor(code);
        vm.prank(who);
        try hub.join(code, KEY, ENDPOINT, PROFILE) {
            if (_books[code].owner != address(0)) _broken = "law 1: a code was given again";
            else _note(who, code, stake);
            ++done["join"];
        } catch {
            ++done["refused"];
        }
    }

    function add(uint256 seed) public {
        ShopCode code = _code(seed);
        uint64 amount = uint64(_part(seed, 1) % LEAST);
        vm.prank(_person(seed));
        try hub.addStake(code, amount) {
            _books[code].stake += amount;
            ++done["addStake"];
        } catch {}
    }

    /// @dev Now and then with a deal just sealed.
    function quit(uint256 seed) public {
        if (seed % 3 == 0) trade(seed);
        ShopCode code = _code(seed);
        Book storage book = _books[code];
        vm.prank(book.owner);
        try hub.leave(code) {
            (book.leaving, book.releasableAt) = (true, block.timestamp + hub.parameters().unbondingTime);
            ++done["leave"];
        } catch {}
    }

    /// @dev The newest shops, one after the other.
    function free_() public {
        for (uint256 i = 0; i < _joined.length && i < 6; ++i) _free(_joined[_joined.length - 1 - i]);
    }

    function _free(ShopCode code) private {
        Book storage book = _books[code];
        (uint32 open, ) = receipt.dealsOf(book.owner);
        uint256 lostAt = _lostAt[book.owner];
        bool lost = lostAt != 0 && block.timestamp <= lostAt + hub.parameters().unbondingTime;
        bool early = !book.leaving || block.timestamp < book.releasableAt;
        try hub.release(code) {
            if (open != 0) _broken = "law 3: released while deals are open";
            if (lost) _broken = "law 3: released before it could be punished";
            if (early) _broken = "law 3: released too early";
            (book.stake, book.left) = (0, true);
            ++done["release"];
        } catch {
            if (early || book.left) return;
            if (open != 0) ++done["kept by deals"];
            else if (lost) ++done["kept by a loss"];
        }
    }

    function fine(uint256 seed) public {
        ShopCode code = _code(seed);
        uint64 amount = uint64(_part(seed, 1) % LEAST);
        vm.prank(governance);
        try hub.slash(code, amount) {
            _lose(code, amount);
            ++done["slash"];
        } catch {}
    }

    function govern(uint256 seed) public {
        ShopCode code = _code(seed);
        HubParameters memory parameters_ = hubParameters();
        parameters_.stake = uint64(_part(seed, 1) % (2 * LEAST));
        parameters_.unbondingTime = uint32(_part(seed, 2) % UNBONDING);
        parameters_.lossShare = uint16(_part(seed, 3) % 5_000);
        vm.startPrank(governance);
        hub.setParameters(parameters_);
        try hub.suspend(code, seed % 2 == 0) {
            ++done["suspend"];
        } catch {}
        vm.stopPrank();
    }

    function trade(uint256 seed) public {
        _deals.push(sell(receipt, seed % 2 == 0 ? OWNER_KEY : OTHER_KEY, SALE_PRICE, 1));
        ++done["sell"];
    }

    /// @dev One of the newest deals; what is too late to be shipped is refunded.
    function end(uint256 seed) public {
        if (_deals.length == 0) return;
        uint256 index = _deals.length - 1 - (_part(seed, 1) % (_deals.length < 4 ? _deals.length : 4));
        try this.bringTo(index, seed % 4 == 0 ? Stage.Paid : Stage.WonByBuyer) {
            ++done["end"];
        } catch {
            try this.bringTo(index, Stage.Refunded) {
                ++done["refund"];
            } catch {}
        }
    }

    function bringTo(uint256 index, Stage stage) external {
        GoodsDeal memory deal = _deals[index];
        bring(deal, stage);
        if (stage == Stage.WonByBuyer) _lostAt[deal.seller] = block.timestamp;
    }

    /// @dev Sells once more, loses what it can, has all the rest over, and takes the stakes away before anybody tells.
    function flee(uint256 seed) public {
        trade(seed);
        for (uint256 i = 0; i < _deals.length; ++i) {
            if (receipt.goodsState(_deals[i].goodsDealId()).stage >= Stage.Paid) continue;
            try this.bringTo(i, Stage.WonByBuyer) {} catch {
                try this.bringTo(i, Stage.Refunded) {} catch {}
            }
        }
        free_();
    }

    /// @dev Every deal of the newest for one shop.
    function tell(uint256 seed) public {
        ShopCode code = _code(seed);
        uint256 newest = _deals.length < 6 ? _deals.length : 6;
        for (uint256 i = 0; i < newest; ++i) {
            GoodsDeal memory deal = _deals[_deals.length - 1 - i];
            uint64 share = uint64((uint256(_books[code].stake) * hub.parameters().lossShare) / 10_000);
            try hub.punish(code, receipt, deal) {
                DealId id = deal.goodsDealId();
                bool lost = deal.seller == _books[code].owner && receipt.goodsState(id).stage == Stage.WonByBuyer;
                if (!lost) _broken = "law 4: punished for nothing";
                if (_paidFor[code][id]) _broken = "law 4: punished again";
                _paidFor[code][id] = true;
                _lose(code, share);
                ++done["punish"];
            } catch {}
        }
    }

    // ── The laws ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Law 1: a code is one shop's for ever.
    function checkCodes() external view {
        _unbroken("law 1");
        assertEq(hub.shopCount(), _joined.length, "law 1: all that joined are listed");
        (ShopCode[] memory codes, ) = hub.shops(0, _joined.length);
        for (uint256 i = 0; i < _joined.length; ++i) {
            assertEq(bytes32(ShopCode.unwrap(codes[i])), bytes32(ShopCode.unwrap(_joined[i])), "law 1: in their order");
            assertEq(hub.shop(_joined[i]).owner, _books[_joined[i]].owner, "law 1: whose it is");
        }
    }

    /// @notice Law 2: what the Clerk holds of an account is the sum of its shops' stakes.
    function checkBonds() external view {
        uint64 ofOwner = 0;
        uint64 ofOther = 0;
        for (uint256 i = 0; i < _joined.length; ++i) {
            uint64 stake = hub.shop(_joined[i]).stake;
            if (_books[_joined[i]].owner == owner) ofOwner += stake;
            else ofOther += stake;
        }
        assertEq(bonded(owner), ofOwner, "law 2: one account's bond");
        assertEq(bonded(other), ofOther, "law 2: the other's");
    }

    /// @notice Law 3: a stake is released neither before its time, nor while deals are open or a loss may be punished.
    function checkReleases() external view {
        _unbroken("law 3");
        for (uint256 i = 0; i < _joined.length; ++i) {
            bool left = standingOf(_joined[i]) == Standing.Left;
            assertTrue(left == _books[_joined[i]].left, "law 3: who has left");
            assertEq(hub.shop(_joined[i]).releasableAt, _books[_joined[i]].releasableAt, "law 3: from when on");
        }
    }

    /// @notice Law 4: stake is lost by governance and lost disputes alone, and to the treasury.
    function checkLosses() external view {
        _unbroken("law 4");
        for (uint256 i = 0; i < _joined.length; ++i) {
            assertEq(hub.shop(_joined[i]).stake, _books[_joined[i]].stake, "law 4: what is at stake");
        }
        assertEq(free(treasury), _lost, "law 4: what the treasury got");
    }

    function _unbroken(string memory law) private view {
        if (bytes(_broken).length == 0) return;
        bytes memory head = bytes(_broken);
        for (uint256 i = 0; i < bytes(law).length; ++i) {
            if (head[i] != bytes(law)[i]) return;
        }
        assertTrue(false, _broken);
    }

    // ── Books ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _note(address who, ShopCode code, uint64 stake) private {
        _joined.push(code);
        _books[code] = Book(who, stake, 0, false, false);
    }

    function _lose(ShopCode code, uint64 amount) private {
        _books[code].stake -= amount;
        _lost += amount;
    }

    function _person(uint256 seed) private view returns (address) {
        return _part(seed, 7) % 2 == 0 ? owner : other;
    }

    /// @dev One that joined; rather one of the last.
    function _code(uint256 seed) private view returns (ShopCode) {
        uint256 count = _joined.length;
        uint256 back = _part(seed, 8) % (seed % 4 == 0 || count < 4 ? count : 4);
        return _joined[count - 1 - back];
    }

    function _freshCode() private view returns (ShopCode) {
        uint256 number = _joined.length;
        bytes8 letters =
            (bytes8(bytes1(uint8(0x41 + ((number / 26) % 26)))) >> 24) |
                (bytes8(bytes1(uint8(0x41 + (number % 26)))) >> 32);
        return ShopCode.wrap(bytes8("NEW") | letters);
    }

    function _part(uint256 seed, uint256 number) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, number)));
    }
}

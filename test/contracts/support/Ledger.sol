// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Account, Entry, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {MarketTest} from "./MarketTest.sol";
import {KeyWallet} from "./Foreign.sol";
import {OpenCertifier} from "./OpenCertifier.sol";
import {PlantedClerk} from "./PlantedClerk.sol";
import {vm} from "./Vm.sol";

/// @notice The money of a few people in one Clerk, with books of its own beside: what they do with it, and the laws about
/// it. The last of them is a smart account.
abstract contract Ledger is MarketTest {
    uint256 internal constant PEOPLE = 5;

    struct OpenDeal {
        bytes content;
        uint32 open;
        uint256 paid;
    }

    address[] internal people;
    OpenCertifier[] internal certifiers;
    OpenDeal[] internal deals;
    /// @dev What everyone has by what it did and what it was paid, and owes to open deals.
    mapping(address owner => uint256) internal freeOf;
    mapping(address owner => uint256) internal owed;
    uint256 private deposits;
    uint256 private withdrawals;
    uint256 private gifts;
    uint256 private lost;
    /// @dev The first breach of each law that was noticed on the spot.
    mapping(uint256 law => string) internal broken;

    mapping(string action => uint256) public done;

    /// @param twin A Clerk with a fault, or none for the real one.
    constructor(PlantedClerk twin) {
        setUp();
        for (uint256 i = 0; i < PEOPLE; ++i) {
            people.push(i == PEOPLE - 1 ? address(new KeyWallet(vm.addr(_key(i)))) : vm.addr(_key(i)));
        }
        if (address(twin) != address(0)) {
            twin.plant(clerk, governance, people, _operators());
            vm.prank(clerk.TILL());
            token.approve(address(twin), type(uint256).max);
            clerk = IClerk(address(twin));
        }
        // What the base funded stays with the Clerk that it deployed, whose tokens a twin shares.
        deposits = 2 * uint256(FUNDS);
        certifiers.push(newCertifier());
        certifiers.push(newCertifier());
    }

    function _key(uint256 i) internal pure returns (uint256) {
        return 0x1000 + (i % PEOPLE);
    }

    function _operatorKey(uint256 i) internal pure returns (uint256) {
        return 0x2000 + (i % PEOPLE);
    }

    function _operators() private pure returns (address[] memory keys) {
        keys = new address[](PEOPLE);
        for (uint256 i = 0; i < PEOPLE; ++i) {
            keys[i] = vm.addr(_operatorKey(i));
        }
    }

    function _person(uint256 seed) internal view returns (address) {
        return people[seed % PEOPLE];
    }

    function _part(uint256 seed, uint256 i) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, i)));
    }

    function _breach(uint256 law, bool yes, string memory what) internal {
        if (yes) broken[law] = what;
    }

    // ── In and out ───────────────────────────────────────────────────────────────────────────────────────────────────

    function deposit(uint256 seed, uint64 amount) public {
        amount = uint64(bound(amount, 1, 1_000_000));
        address who = _person(seed);
        uint256 form = _part(seed, 30) % 4;
        if (form == 0) fund(who, amount);
        else _depositItself(seed, who, form, amount);
        _deposited(who, amount);
    }

    function _depositItself(uint256 seed, address who, uint256 form, uint64 amount) private {
        vm.prank(treasury);
        token.transfer(who, amount);
        vm.startPrank(who);
        if (form == 1) token.approveAndCall(address(clerk), amount);
        if (form == 2) token.approve(address(clerk), amount);
        if (form == 2) clerk.deposit(amount);
        if (form == 3) {
            // The smart account has no key to sign a permit with, and a permit that fails does no harm.
            if (seed % PEOPLE == PEOPLE - 1) token.approve(address(clerk), amount);
            (uint8 v, bytes32 r, bytes32 s) = signPermit(_key(seed), who, amount, block.timestamp);
            clerk.depositWithPermit(amount, block.timestamp, v, r, s);
        }
        vm.stopPrank();
    }

    function _deposited(address who, uint64 amount) internal {
        deposits += amount;
        freeOf[who] += amount;
        ++done["deposit"];
    }

    function withdraw(uint256 seed, uint64 amount) public {
        uint64 has = free(_person(seed));
        if (has == 0) return;
        amount = uint64(bound(amount, 1, has));
        vm.prank(_person(seed));
        clerk.withdraw(amount);
        withdrawals += amount;
        freeOf[_person(seed)] -= amount;
        ++done["withdraw"];
    }

    /// @dev To the Clerk's own address, or to the Till's, where nobody gets it back.
    function donate(uint64 amount) public {
        amount = uint64(bound(amount, 0, 1_000));
        bool toTill = amount % 3 == 0;
        address to = toTill ? clerk.TILL() : address(clerk);
        vm.prank(treasury);
        token.transfer(to, amount);
        if (toTill) lost += amount;
        else gifts += amount;
    }

    function recover(uint64 amount) public {
        amount = uint64(bound(amount, 0, gifts));
        vm.prank(governance);
        clerk.recoverSurplus(address(token), treasury, amount);
        gifts -= amount;
        ++done["recover"];
    }

    function pay(uint256 seed, uint64 amount) public {
        address from = _person(seed);
        amount = uint64(bound(amount, 0, free(from)));
        uint64 first = uint64(_part(seed, 1) % (uint256(amount) + 1));
        (address a, address b) = (_person(_part(seed, 2)), _person(_part(seed, 3)));
        vm.prank(from);
        clerk.pay(two(a, first, b, amount - first));
        freeOf[from] -= amount;
        freeOf[a] += first;
        freeOf[b] += amount - first;
        ++done["pay"];
    }

    // ── Bonds ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function allow(uint256 seed, uint64 amount) public {
        vm.prank(_person(seed));
        clerk.allowCertifier(address(certifiers[seed % 2]), uint64(bound(amount, 0, 100_000)));
    }

    function takeBond(uint256 seed, uint64 amount) public {
        OpenCertifier by = certifiers[seed % 2];
        address owner = _person(seed);
        uint64 allowance = clerk.bondOf(owner, address(by)).allowance;
        uint64 bonded = clerk.bondOf(owner, address(by)).bonded;
        amount = uint64(bound(amount, 0, free(owner)));
        try by.bond(owner, amount) {
            _breach(3, uint256(bonded) + amount > allowance, "a bond beyond the allowance");
            freeOf[owner] -= amount;
            ++done["bond"];
        } catch {
            _breach(3, uint256(bonded) + amount <= allowance, "an allowed bond was refused");
        }
    }

    function giveBondBack(uint256 seed, uint64 amount) public {
        OpenCertifier by = certifiers[seed % 2];
        address owner = _person(seed);
        amount = uint64(bound(amount, 0, clerk.bondOf(owner, address(by)).bonded));
        by.unbond(owner, amount);
        freeOf[owner] += amount;
    }

    function slash(uint256 seed, uint64 amount) public {
        OpenCertifier by = certifiers[seed % 2];
        address owner = _person(seed);
        amount = uint64(bound(amount, 0, clerk.bondOf(owner, address(by)).bonded));
        address to = _person(_part(seed, 1));
        by.slash(one(owner, amount), one(to, amount));
        freeOf[to] += amount;
        ++done["slash"];
    }

    // ── Deals ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function settle(uint256 seed) public {
        if (deals.length == 0) return;
        OpenDeal storage chosen = deals[_part(seed, 1) % deals.length];
        Deal memory deal = abi.decode(chosen.content, (Deal));
        uint64 unit = deal.appPrice + deal.datasetPrice + deal.poolPrice;
        address guilty = _person(_part(seed, 2));
        uint64 seized = uint64(_part(seed, 3) % (uint256(clerk.bondOf(guilty, deal.certifier).bonded) + 1));
        uint64 held = unit + deal.poolStake + seized;
        uint64 first = uint64(_part(seed, 4) % (uint256(held) + 1));
        Entry[] memory credits = two(_person(_part(seed, 5)), first, _person(_part(seed, 6)), held - first);
        // Now and then somebody tries to make or to lose money.
        bool crooked = seed % 6 == 0;
        if (crooked) credits[1].amount += 1;

        uint256 before = _total();
        try OpenCertifier(deal.certifier).settle(deal, one(guilty, seized), credits) {
            _breach(2, crooked, "a settlement that does not balance was taken");
            _breach(2, chosen.open == 0, "a closed deal paid again");
            if (chosen.open != 0) --chosen.open;
            chosen.paid += uint256(credits[0].amount) + credits[1].amount - seized;
            owed[deal.payer] -= unit;
            owed[deal.poolOwner] -= deal.poolStake;
            freeOf[credits[0].account] += credits[0].amount;
            freeOf[credits[1].account] += credits[1].amount;
            ++done["settle"];
        } catch {
            _breach(2, !crooked && chosen.open != 0, "a rightful settlement was refused");
        }
        _breach(1, _total() != before, "a settlement made or lost money");
    }

    // ── Laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _total() private view returns (uint256 total) {
        total = 2 * FUNDS;
        for (uint256 i = 0; i < PEOPLE; ++i) {
            Account memory a = clerk.account(people[i]);
            total += uint256(a.free) + a.locked;
        }
    }

    /// @notice Law 1: all accounts hold what was deposited and not withdrawn, and the Till has the tokens.
    function moneyIsConserved() external view {
        assertEq(_total(), deposits - withdrawals, "law 1: all accounts together hold what was deposited");
        assertEq(token.balanceOf(clerk.TILL()), _total() + lost, "law 1: and the Till has the tokens");
        assertEq(token.balanceOf(address(clerk)), gifts, "law 1: the Clerk has what was given to it");
        assertEq(broken[1], "", "law 1: nothing was made or lost");
    }

    /// @notice Law 2: a deal pays its units once each, and exactly what was locked for them.
    function dealsPayOnce() external view {
        for (uint256 i = 0; i < deals.length; ++i) {
            Deal memory deal = abi.decode(deals[i].content, (Deal));
            uint256 unit = uint256(deal.appPrice) + deal.datasetPrice + deal.poolPrice + deal.poolStake;
            assertEq(clerk.checkDeal(deal).openUnits, deals[i].open, "law 2: units only fall, one by one");
            assertEq(deals[i].paid, (deal.volume - deals[i].open) * unit, "law 2: a deal pays what was locked for it");
        }
        assertEq(broken[2], "", "law 2: nothing unlawful was settled");
    }

    /// @notice Law 3: the locked money of each account is what its open deals and bonds hold.
    function lockedIsOwed() external view {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            uint256 due = owed[people[i]];
            for (uint256 c = 0; c < certifiers.length; ++c) {
                due += clerk.bondOf(people[i], address(certifiers[c])).bonded;
            }
            assertEq(locked(people[i]), due, "law 3: locked is what open deals and bonds hold");
        }
        assertEq(broken[3], "", "law 3: nothing unlawful was held");
    }

    /// @notice Law 5: nobody's free money changes but by its own acts and signatures, and by what it is paid.
    function onlyOwnersSpend() external view {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            assertEq(free(people[i]), freeOf[people[i]], "law 5: free is what the owner left");
        }
        assertEq(broken[5], "", "law 5: nobody else spent");
    }
}

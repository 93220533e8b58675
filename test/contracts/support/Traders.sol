// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    Batch,
    IClerk,
    Match,
    OrderHashes,
    SignedAppOrder,
    SignedDatasetOrder,
    SignedPoolOrder,
    SignedRequestOrder,
    Sponsorship,
    Terms
} from "../../../contracts/interfaces/IClerk.sol";
import {POWER_SPONSORSHIP} from "../../../contracts/interfaces/IKeyring.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {OrderBook} from "./OrderBook.sol";
import {PlantedClerk} from "./PlantedClerk.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice People who do to one Clerk whatever can be done to it, in any order; and the laws, which compare it with their
/// own books. Each sealed deal is checked anew by its event, against what its four orders said.
contract Traders is OrderBook {
    constructor(PlantedClerk twin) OrderBook(twin) {}

    /// @notice Everyone has money, a key for each day, and offers something.
    function begin() external {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            deposit(i, 500_000);
            setOperator(i);
            offer(i);
            setTerms(i + 1);
        }
        request(1);
    }

    /// @notice One of all the actions.
    function act(uint256 action, uint256 seed, uint64 amount) external {
        action = action % 32;
        if (action == 0) deposit(seed, amount);
        if (action == 1) withdraw(seed, amount % 1_000);
        if (action == 2) donate(amount);
        if (action == 3) allow(seed, amount);
        if (action == 4) takeBond(seed, amount % 1_000);
        if (action == 5) giveBondBack(seed, amount % 100);
        if (action == 6) slash(seed, amount % 500);
        if (action == 7) cancel(seed);
        if (action == 8) raiseEpoch(seed);
        if (action == 9) pass(uint16(amount));
        if (action == 10) setTerms(seed);
        if (action == 11) recover(amount);
        if (action == 12) pay(seed, amount % 10_000);
        if (action == 13) setOperator(seed);
        if (action == 14) takeBack(seed);
        if (action == 15 || action == 16) offer(seed);
        if ((action > 15 && action < 20) || action > 29) request(seed);
        if (action > 17 && action < 28) seal(_part(seed, 20));
        if (action > 25) settle(seed);
    }

    function pass(uint16 time) public {
        vm.warp(block.timestamp + (time % 600));
        vm.roll(block.number + 1);
    }

    function setTerms(uint256 seed) public {
        Refusal refusal = seed % 7 == 0 ? Refusal.PoolClosed : Refusal.None;
        certifiers[seed % 2].setTerms(refusal, uint64(_part(seed, 1) % 500), bytes32(seed));
        vm.prank(governance);
        clerk.registerCertifier(address(certifiers[seed % 2]), seed % 11 != 0);
    }

    // ── Sealing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev The newest orders, in a batch of matches that partly make sense; now and then with a deposit.
    function seal(uint256 seed) public {
        Batch memory batch = _batchOf(seed);
        address sealer = _person(_part(seed, 3));
        vm.recordLogs();
        if (seed % 5 == 0) {
            vm.prank(treasury);
            token.transfer(sealer, 1_000);
            vm.prank(sealer);
            token.approveAndCall(address(clerk), 1_000, abi.encode(batch, false));
            _deposited(sealer, 1_000);
        } else {
            vm.prank(sealer);
            clerk.seal(batch, false);
        }
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IClerk.DealSealed.selector) continue;
            (OrderHashes memory orders, Deal memory deal, ) = abi.decode(logs[i].data, (OrderHashes, Deal, bytes));
            _book(orders, deal, sealer);
        }
    }

    function _batchOf(uint256 seed) private view returns (Batch memory batch) {
        uint256 count = appOrders.length < RECENT ? appOrders.length : RECENT;
        batch.apps = new SignedAppOrder[](count);
        batch.datasets = new SignedDatasetOrder[](count);
        batch.pools = new SignedPoolOrder[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 at = appOrders.length - 1 - i;
            batch.apps[i] = abi.decode(appOrders[at], (SignedAppOrder));
            batch.datasets[i] = abi.decode(datasetOrders[at], (SignedDatasetOrder));
            batch.pools[i] = abi.decode(poolOrders[at], (SignedPoolOrder));
        }
        batch.requests = new SignedRequestOrder[](2);
        batch.sponsorships = new Sponsorship[](2);
        uint256 sponsors = 0;
        for (uint256 i = 0; i < 2; ++i) {
            // Perhaps the same one twice.
            uint256 recent = requestOrders.length < 4 ? requestOrders.length : 4;
            uint256 at = requestOrders.length - 1 - (_part(seed, i) % recent);
            batch.requests[i] = abi.decode(requestOrders[at], (SignedRequestOrder));
            RequestOrder memory wanted = batch.requests[i].order;
            if (wanted.sponsor == address(0)) continue;
            batch.sponsorships[sponsors++] = words[clerk.hashRequestOrder(wanted)].says;
        }
        batch.terms = new Terms[](seed % 6 == 0 ? 0 : MOST);
        for (uint256 i = 0; i < batch.terms.length; ++i) {
            batch.terms[i] = Terms(terms, abi.encode(i + 1));
        }
        _match(batch, count);
    }

    function _match(Batch memory batch, uint256 count) private pure {
        Match[] memory matches = new Match[](2 * count);
        uint256 n = 0;
        for (uint16 r = 0; r < 2; ++r) {
            RequestOrder memory wanted = batch.requests[r].order;
            (uint16 app, uint16 dataset) = (0, NO_DATASET);
            for (uint16 i = 0; i < count; ++i) {
                if (batch.apps[i].order.app == wanted.app) app = i;
                if (batch.datasets[i].order.dataset == wanted.dataset) dataset = i;
            }
            for (uint16 p = 0; p < count; ++p) {
                matches[n++] = Match(app, dataset, p, r);
            }
        }
        batch.matches = matches;
    }

    // ── Checking it anew ─────────────────────────────────────────────────────────────────────────────────────────────

    function _book(OrderHashes memory orders, Deal memory deal, address sealer) private {
        uint256 price = uint256(deal.appPrice + deal.datasetPrice + deal.poolPrice) * deal.volume;
        uint256 stake = uint256(deal.poolStake) * deal.volume;
        bool isSponsored = words[orders.request].says.validUntil != 0;
        _fill(orders.request, deal, sealer, isSponsored ? 0 : price);
        _fill(orders.app, deal, sealer, 0);
        _fill(orders.pool, deal, sealer, stake);
        if (orders.dataset != 0) _fill(orders.dataset, deal, sealer, 0);
        _breach(4, books[orders.app].price != deal.appPrice, "another price of the app than was signed");
        _breach(4, books[orders.pool].price != deal.poolPrice, "another price of the pool than was signed");
        _breach(4, books[orders.dataset].price != deal.datasetPrice, "another price of the dataset than was signed");
        _breach(5, !isSponsored && deal.payer != deal.requester, "a payer who is no sponsor");
        if (isSponsored) _countSponsor(orders.request, deal.payer, price);

        owed[deal.payer] += price;
        owed[deal.poolOwner] += stake;
        freeOf[deal.payer] -= price;
        freeOf[deal.poolOwner] -= stake;
        deals.push(OpenDeal(abi.encode(deal), deal.volume, 0));
        ++done["seal"];
    }

    function _fill(bytes32 hash, Deal memory deal, address sealer, uint256 amount) private {
        Book storage book = books[hash];
        Leg leg = book.leg;
        bytes32 salt = book.says.salt;
        taken[leg][book.signer][salt] += deal.volume;
        _breach(4, taken[leg][book.signer][salt] > book.says.volume, "an order was filled beyond its volume");
        _breach(4, deal.volume < book.says.minFill, "an order was shredded");
        _breach(4, block.timestamp > book.says.validUntil, "an order was filled past its expiry");
        _breach(4, book.says.epoch != epochs[book.signer], "an order was filled in another epoch");
        _breach(4, cancelled[leg][book.signer][salt], "a cancelled order was filled");
        _breach(4, deal.certifier != book.says.certifier, "an order was filled under another certifier");
        address matcher = book.says.matcher;
        _breach(4, matcher != address(0) && matcher != sealer, "an order was filled by another matcher");
        _breach(4, deal.volume > book.mostTasks, "an order was filled against its terms");
        _signed(hash, book.signer, powerOf(leg), book.manner, amount);
        ++done[["own", "operator", "presigned", "bulk", "bulk by operator", "forged"][uint256(book.manner)]];
    }

    /// @dev That whoever pays signed for it, or had somebody sign who might.
    function _signed(bytes32 hash, address signer, uint16 power, Manner manner, uint256 amount) private {
        _breach(5, manner == Manner.Forged, "a forged order was filled");
        _breach(5, manner == Manner.Presigned && !presigned[hash], "an order that was taken back was filled");
        if (manner != Manner.Operator && manner != Manner.BulkByOperator) return;
        Grant storage g = grants[signer];
        g.spent += amount;
        _breach(5, g.powers & power == 0, "an operator without the power signed");
        _breach(5, block.timestamp > g.validUntil, "an operator signed too late");
        _breach(5, amount != 0 && g.spent > g.limit, "an operator spent more than its limit");
    }

    function _countSponsor(bytes32 requestHash, address payer, uint256 price) private {
        Word storage word = words[requestHash];
        word.spent += price;
        _breach(5, word.spent > word.says.cap, "a sponsor paid more than its cap");
        _breach(5, block.timestamp > word.says.validUntil, "a sponsor paid too late");
        _breach(5, word.says.epoch != epochs[payer], "a sponsor paid in another epoch");
        _signed(sponsorshipHash(word.says, requestHash), payer, POWER_SPONSORSHIP, word.manner, price);
        ++done["sponsored"];
    }

    /// @notice Law 4: an order is filled as it says, and the Clerk knows how much of it.
    function ordersHold() external view {
        assertEq(broken[4], "", "law 4: nothing unlawful was taken");
        for (uint256 i = 0; i < hashes.length; ++i) {
            Book memory book = books[hashes[i]];
            bytes32 salt = book.says.salt;
            uint256 known = taken[book.leg][book.signer][salt];
            if (cancelled[book.leg][book.signer][salt]) known = type(uint32).max;
            assertEq(clerk.filled(book.leg, book.signer, salt), known, "law 4: the Clerk knows what is filled");
            // The lane beside, whether there is an order for it or not.
            bytes32 beside = salt ^ bytes32(uint256(1));
            known = taken[book.leg][book.signer][beside];
            if (cancelled[book.leg][book.signer][beside]) known = type(uint32).max;
            assertEq(clerk.filled(book.leg, book.signer, beside), known, "law 4: and of the order beside it");
        }
    }
}
